import express from 'express'
import { ParseServer } from 'parse-server'

/** Parse Server on Express, its classes made on start. Who may read an object stands in its ACL. */
const url = `http://127.0.0.1:${process.env.PORT}/parse`
const text = { type: 'String' }
const operations = ['find', 'count', 'get', 'create', 'update']
/** Whoever has a session may ask; each object's ACL says what of. */
const signedIn = Object.fromEntries(operations.map((operation) => [operation, { requiresAuthentication: true }]))
const server = new ParseServer({
  databaseURI: process.env.DATABASE_URL,
  databaseOptions: { max: 10 },
  appId: 'bench',
  restAPIKey: 'bench-rest-key',
  masterKey: 'bench-master-key',
  serverURL: url,
  allowClientClassCreation: false,
  silent: true,
  // Its limit is on, as ours is, and never reached.
  rateLimit: [{ requestPath: '*path', requestTimeWindow: 60_000, requestCount: 1_000_000_000 }],
  schema: {
    strict: false,
    definitions: [
      {
        className: 'Project',
        fields: { name: text, api_token: text, timezone: text },
        classLevelPermissions: signedIn,
      },
      {
        className: 'Organization',
        fields: {
          name: text,
          slug: text,
          logo_media_id: text,
          member_count: { type: 'Number' },
          projects: { type: 'Array' },
        },
        classLevelPermissions: signedIn,
      },
    ],
  },
})
await server.start()
const app = express()
app.use('/parse', server.app)
app.listen(Number(process.env.PORT), '127.0.0.1')
