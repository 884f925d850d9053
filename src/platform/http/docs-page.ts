import type { FastifyInstance } from 'fastify'
import { createReadStream } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const page = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Polity API</title>
    <link rel="stylesheet" href="/api/docs-assets/swagger-ui.css" />
  </head>
  <body>
    <div id="docs"></div>
    <script src="/api/docs-assets/swagger-ui-bundle.js"></script>
    <script src="/api/docs-assets/start.js"></script>
  </body>
</html>
`

const start = `SwaggerUIBundle({ url: '/api/schema/', dom_id: '#docs', deepLinking: true, persistAuthorization: false })\n`

/** Only what the page itself needs: nothing from elsewhere, no script in the page. */
const contentPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'"

/** Serves Swagger UI on the API's description at `/api/docs/`, from files of ours: it works without the internet. */
export function serveDocsPage(server: FastifyInstance): void {
  const folder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))
  const assets = { 'swagger-ui-bundle.js': 'text/javascript', 'swagger-ui.css': 'text/css' }
  for (const [name, type] of Object.entries(assets)) {
    server.get(`/api/docs-assets/${name}`, (_request, reply) =>
      reply
        .type(type)
        .header('cache-control', 'public, max-age=3600')
        .send(createReadStream(join(folder, name))),
    )
  }
  server.get('/api/docs-assets/start.js', (_request, reply) => reply.type('text/javascript').send(start))
  server.get('/api/docs', (_request, reply) =>
    reply.type('text/html').header('content-security-policy', contentPolicy).send(page),
  )
}
