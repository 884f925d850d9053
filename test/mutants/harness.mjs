/**
 * What the tests import in place of `@jest/globals`: it collects them, so that one process with one started server can
 * run them again and again, each time with another mutant switched on.
 */
import { expect } from 'expect'
import { ModuleMocker } from 'jest-mock'

const scope = (parent) => ({ parent, beforeAll: [], afterAll: [], beforeEach: [], afterEach: [], prepared: undefined })

let current = scope(undefined)
const scopes = [current]
/** @type {{ name: string, run(): Promise<void>, scope: ReturnType<typeof scope> }[]} */
export const tests = []

function describeOnce(name, define) {
  const outer = current
  current = scope(outer)
  scopes.push(current)
  define()
  current = outer
}

const test = (name, run) => void tests.push({ name, run, scope: current })
const rowsOf = (row) => (Array.isArray(row) ? row : [row])
const each =
  (define) =>
  (table) =>
  (name, run, ...rest) => {
    for (const row of table) define(`${name} ${JSON.stringify(row)}`, () => run(...rowsOf(row)), ...rest)
  }

export const describe = Object.assign(describeOnce, { each: each(describeOnce) })
export const it = Object.assign(test, { each: each(test) })
export const [beforeAll, afterAll, beforeEach, afterEach] = ['beforeAll', 'afterAll', 'beforeEach', 'afterEach'].map(
  (hook) => (work) => void current[hook].push(work),
)
export const jest = new ModuleMocker(globalThis)
export { expect }

/** Every test file in a scope of its own, as Jest has it. */
export async function collect(files) {
  for (const file of files) {
    current = scope(undefined)
    scopes.push(current)
    await import(file)
  }
}

const outwards = (of) => (of ? [of, ...outwards(of.parent)] : [])

/** Does what comes once before the tests of a scope, with no mutant. */
export async function prepare({ scope: own }) {
  for (const each of outwards(own).reverse())
    await (each.prepared ??= each.beforeAll.reduce((before, work) => before.then(work), Promise.resolve()))
}

export async function run({ scope: own, run: body }) {
  const around = outwards(own)
  for (const each of around.toReversed()) for (const work of each.beforeEach) await work()
  try {
    await body()
  } finally {
    for (const each of around) for (const work of each.afterEach) await work()
  }
}

export async function end() {
  for (const each of scopes.toReversed()) for (const work of each.prepared ? each.afterAll : []) await work()
}
