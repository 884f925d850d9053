import { describe, expect, it } from '@jest/globals'
import { DatabaseBusy } from './database-errors.js'
import { Gate } from './gate.js'

/** Work that ends when it is told to. */
function holding(gate: Gate, key: string) {
  const state = { inside: false, end: () => undefined as void }
  const held = new Promise<void>((resolve) => (state.end = resolve))
  const passed = gate.pass(key, async () => {
    state.inside = true
    await held
  })
  passed.catch(() => undefined)
  return Object.assign(state, { passed })
}

const settle = () => new Promise(setImmediate)
const limits = { total: 3, ofOneKey: 2, waiting: 3, waitMs: 10_000 }

describe('a gate', () => {
  it('lets in as many as it may, of one key fewer, and others past those who wait for their key', async () => {
    const gate = new Gate(limits)
    const [first, second, third] = [holding(gate, 'a'), holding(gate, 'a'), holding(gate, 'a')]
    const other = holding(gate, 'b')
    const late = holding(gate, 'b')
    expect([first, second, third, other, late].map(({ inside }) => inside)).toEqual([true, true, false, true, false])
    other.end()
    await settle()
    expect([third.inside, late.inside]).toEqual([false, true])
    first.end()
    await settle()
    expect(third.inside).toBe(true)
  })

  it('refuses at once what finds too many waiting, and keeps its places after work that failed', async () => {
    const gate = new Gate({ ...limits, total: 1, waiting: 2, waitingOfOneKey: 1 })
    const failing = gate.pass('a', () => Promise.reject(new Error('no')))
    await expect(failing).rejects.toThrow('no')
    const inside = holding(gate, 'a')
    const waiting = [holding(gate, 'a'), holding(gate, 'b')]
    await expect(gate.pass('a', async () => 1)).rejects.toBeInstanceOf(DatabaseBusy)
    await expect(gate.pass('c', async () => 1)).rejects.toBeInstanceOf(DatabaseBusy)
    for (const { end } of [inside, ...waiting]) end()
    await Promise.all(waiting.map(({ passed }) => passed))
    expect(await gate.pass('a', async () => 1)).toBe(1)
  })

  it('refuses what has waited too long, and lets nobody in for it later', async () => {
    const gate = new Gate({ ...limits, total: 1, waitMs: 1 })
    const inside = holding(gate, 'a')
    const waiting = holding(gate, 'a')
    await expect(waiting.passed).rejects.toBeInstanceOf(DatabaseBusy)
    inside.end()
    await inside.passed
    expect(waiting.inside).toBe(false)
    expect(await gate.pass('a', async () => 1)).toBe(1)
  })
})
