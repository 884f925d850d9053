import type { FastifyInstance } from 'fastify'
import { createReadStream } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** @param assets their folder as seen from the page: behind a proxy that serves us below a path, we do not know the whole path */
const page = (assets: string) => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Polity API</title>
    <link rel="stylesheet" href="${assets}/swagger-ui.css" />
  </head>
  <body>
    <div id="docs"></div>
    <script src="${assets}/swagger-ui-bundle.js"></script>
    <script src="${assets}/start.js"></script>
  </body>
</html>
`

const start = `const url = new URL('../schema/', document.currentScript.src).href
SwaggerUIBundle({ url, dom_id: '#docs', deepLinking: true, persistAuthorization: false })
`

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
  server.get('/api/docs', ({ url }, reply) => {
    const assets = url.split('?')[0]!.endsWith('/') ? '../docs-assets' : 'docs-assets'
    return reply.type('text/html').header('content-security-policy', contentPolicy).send(page(assets))
  })
}
