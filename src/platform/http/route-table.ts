import { NotFoundException } from '@nestjs/common'
import type { FastifyInstance } from 'fastify'

/** Which methods each path answers, so that a wrong method is told from a wrong path. */
export class RouteTable {
  private readonly beginnings = new Set<string>()
  private readonly patterns = new Map<string, { matches: RegExp; methods: Set<string> }>()

  /** Watches `server` for the routes it will register. Requests for other paths are refused before their bodies are read. */
  watch(server: FastifyInstance): void {
    server.addHook('onRequest', async ({ is404 }) => {
      if (is404) throw new NotFoundException()
    })
    server.addHook('onRoute', ({ url, method }) => {
      const path = url.replace(/\/$/, '')
      if (path.includes('*')) return
      this.beginnings.add(beginningOf(path))
      const known = this.patterns.get(path) ?? {
        matches: new RegExp(`^${path.replace(/[.]/g, '\\.').replace(/:[^/]+/g, '[^/]+')}/?$`),
        methods: new Set(['OPTIONS']),
      }
      for (const one of [method].flat()) known.methods.add(one)
      this.patterns.set(path, known)
    })
  }

  /** Whether any route begins with the first two parts of the path of `url`, such as `/api/organizations`. */
  hasRoutesNear(url: string): boolean {
    return this.beginnings.has(beginningOf(url.split('?', 1)[0]!))
  }

  /** The methods at the path of `url`; empty for a path that no route has. */
  methodsAt(url: string): string[] {
    const path = url.split('?')[0]!
    const methods = [...this.patterns.values()]
      .filter(({ matches }) => matches.test(path))
      .flatMap((route) => [...route.methods])
    return [...new Set(methods)].sort()
  }
}

const beginningOf = (path: string): string => path.split('/', 3).join('/')
