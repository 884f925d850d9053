/**
 * Node.js has `navigator` since version 21. On 20 pg, which wants to know whether it runs on Cloudflare, makes a `Response`
 * instead, and for that Node loads all of its fetch: nine megabytes that nobody else asks for. To be imported first.
 */
if (!('navigator' in globalThis))
  Object.assign(globalThis, { navigator: { userAgent: `Node.js/${process.versions.node}` } })
