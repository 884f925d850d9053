import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { median } from './load.mjs'
import { scenarios } from './scenarios.mjs'

const folder = fileURLToPath(new URL('../results/', import.meta.url))

/** The medians of a server's rounds in a scenario, and how far the rounds lie apart. */
export function summary(scenario, server, rounds, peak) {
  const of = (field) => (rounds[0][field] === undefined ? undefined : median(rounds.map((round) => round[field])))
  const speeds = rounds.map(({ perSecond }) => perSecond)
  return {
    scenario,
    server,
    perSecond: of('perSecond'),
    speeds,
    spread: (Math.max(...speeds) - Math.min(...speeds)) / 2 / of('perSecond'),
    p50: of('p50'),
    p99: of('p99'),
    cpu: of('cpu'),
    databaseCpu: of('databaseCpu'),
    peak,
    requests: rounds.reduce((sum, round) => sum + round.requests, 0),
  }
}

/** Adds to each row how it stands to the floor in the same scenario: round by round, as those were measured side by side. */
export function relateToFloor(rows) {
  for (const row of rows) {
    const floor = rows.find(({ scenario, server }) => scenario === row.scenario && server === 'floor')
    if (floor?.speeds && row.speeds) row.toFloor = median(row.speeds.map((speed, round) => speed / floor.speeds[round]))
  }
}

/** Adds to what our servers refuse how much sooner that is done than one organization is retrieved. */
export function relateToRetrieve(rows) {
  for (const row of rows) {
    const { besides } = scenarios[row.scenario] ?? {}
    const retrieve = rows.find(({ scenario, server }) => scenario === besides && server === 'ours')
    if (retrieve?.perSecond && row.perSecond && row.server.startsWith('ours'))
      row.toRetrieve = row.perSecond / retrieve.perSecond
  }
}

/** Says of what was measured beside neighbours how its p99 stands to that without them, on the same server. */
export function relateToQuiet(rows) {
  for (const row of rows) {
    const { quietly } = scenarios[row.scenario] ?? {}
    const quiet = rows.find(({ scenario, server }) => scenario === quietly && server === row.server)
    if (quiet?.p99 && row.p99) row.note = `p99 ${(row.p99 / quiet.p99).toFixed(2)} × that of ${quietly}`
  }
}

/** Adds to each row its ratios to the same row of an earlier run. */
export function relateToEarlier(rows, file) {
  const earlier = JSON.parse(readFileSync(file, 'utf8')).rows
  for (const row of rows) {
    const then = earlier.find(({ scenario, server }) => scenario === row.scenario && server === row.server)
    if (!then?.perSecond || !row.perSecond) continue
    const ratio = (field) => (row[field] && then[field] ? row[field] / then[field] : undefined)
    row.before = { perSecond: ratio('perSecond'), toFloor: ratio('toFloor'), cpu: ratio('cpu'), p99: ratio('p99') }
  }
}

/** @returns the file's path */
export function writeResults(results) {
  mkdirSync(folder, { recursive: true })
  const machine = { node: process.version, cores: cpus().length, cpu: cpus()[0]?.model }
  const text = JSON.stringify({ at: new Date().toISOString(), machine, ...results }, null, 2)
  writeFileSync(`${folder}latest.json`, text + '\n')
  return 'bench/results/latest.json'
}
