import { afterAll, beforeAll, expect } from '@jest/globals'
import { AsyncLocalStorage } from 'node:async_hooks'
import pg from 'pg'
import { DataSource, EntityManager } from 'typeorm'

/** Set while a test asks the database something itself, and while migrations run, which have a test of their own. */
const notOfServer = new AsyncLocalStorage<true>()
// Where a test looks at what is sent, its own file stands between the server and this one.
const TESTS = /[/\\](test|examples)[/\\](?!.*statements\.ts)/

let recorded: Set<string> | undefined

/** Holds whatever the servers of a test file send to the rules of `docs/scaling.md`, when its tests are over. */
export function holdStatementsToRules(): void {
  if (recorded) return
  const sent = (recorded = new Set())
  const undo: (() => void)[] = []
  beforeAll(() => void undo.push(...record(sent)))
  afterAll(async () => {
    undo.forEach((restore) => restore())
    // Parsing is for the end: what a test file does not send, it does not load.
    const { faultsOfServer } = await import('./statement-rules.js')
    expect((await Promise.all([...sent].map(faultsOfServer))).flat()).toEqual([])
  })
}

function record(sent: Set<string>): (() => void)[] {
  const query = (call: () => unknown, [first]: unknown[]) => {
    const text = typeof first === 'string' ? first : (first as { text?: string }).text
    if (text && !sent.has(text) && !notOfServer.getStore() && !isCalledByTest(new Error().stack!)) sent.add(text)
    return call()
  }
  const outside = (call: () => unknown) => notOfServer.run(true, call)
  const outsideOfTests = (call: () => unknown) => (isCalledByTest(new Error().stack!) ? outside(call) : call())
  return [
    around(pg.Client.prototype, 'query', query),
    around(DataSource.prototype, 'query', outsideOfTests),
    around(EntityManager.prototype, 'query', outsideOfTests),
    around(DataSource.prototype, 'runMigrations', outside),
    around(DataSource.prototype, 'undoLastMigration', outside),
  ]
}

type Method = (...parameters: unknown[]) => unknown
type Wrapper = (call: () => unknown, parameters: unknown[]) => unknown

/** Runs `wrapper` around each call of a method. @returns what undoes it */
function around<Name extends string>(prototype: { [name in Name]: unknown }, name: Name, wrapper: Wrapper) {
  const original = prototype[name] as Method
  const wrapped: Method = function (this: unknown, ...parameters) {
    return wrapper(() => original.apply(this, parameters), parameters)
  }
  Object.assign(prototype, { [name]: wrapped })
  return () => void Object.assign(prototype, { [name]: original })
}

/** Below the message the stack has the wrapper, what `around` put in the place of the method, and then the caller. */
const isCalledByTest = (stack: string): boolean => TESTS.test(stack.split('\n')[3] ?? '')
