import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { load } from './load.mjs'
import { prepare } from './measure.mjs'

const SECONDS = 8
/** Of the profile's time: the start and the warm-up. */
const LEFT_OUT = 0.4
/** Narrower frames than this share of the whole are left out. */
const NARROWEST = 0.004
const WIDTH = 1_200
const ROW = 16

/** Writes a flame graph of a server's processor time in a scenario to `bench/results`. @returns the file's path */
export async function flameGraph(database, server, scenario) {
  const profiles = mkdtempSync(join(tmpdir(), 'polity-profile-'))
  const profiled = await prepare(database, {
    ...server,
    name: `${server.name}_profiled`,
    command: (...given) => {
      const command = server.command(...given)
      return { ...command, args: ['--cpu-prof', `--cpu-prof-dir=${profiles}`, ...command.args] }
    },
  })
  if (profiled.missing) throw new Error(profiled.missing)
  const requestsOf = (connection) => profiled.requests(scenario, '10k', connection, profiled.context)
  await load(profiled, requestsOf, { seconds: SECONDS })
  await profiled.stop()
  const [name] = readdirSync(profiles)
  const root = stacksOf(JSON.parse(readFileSync(join(profiles, name), 'utf8')))
  rmSync(profiles, { recursive: true })
  const file = `bench/results/${scenario}.svg`
  writeFileSync(fileURLToPath(new URL(`../../${file}`, import.meta.url)), draw(root, `${server.name}, ${scenario}`))
  return file
}

/** The samples as a tree of frames: what called what, and for how long, in microseconds. Waiting is not in it. */
function stacksOf({ nodes, samples, timeDeltas, startTime, endTime }) {
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])))
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]))
  const root = { name: 'all', time: 0, calls: new Map() }
  const from = startTime + (endTime - startTime) * LEFT_OUT
  let now = startTime
  for (const [index, sample] of samples.entries()) {
    now += timeDeltas[index]
    if (now < from || frames.get(sample).functionName === '(idle)') continue
    const path = []
    for (let id = sample; parents.has(id); id = parents.get(id)) path.unshift(frames.get(id))
    let frame = root
    root.time += timeDeltas[index]
    for (const call of path) {
      const name = nameOf(call)
      if (!frame.calls.has(name)) frame.calls.set(name, { name, origin: originOf(call), time: 0, calls: new Map() })
      frame = frame.calls.get(name)
      frame.time += timeDeltas[index]
    }
  }
  return root
}

const nameOf = ({ functionName, url }) => `${functionName || '(anonymous)'} ${placeOf(url)}`.trim()

const placeOf = (url) => url.replace(/^.*\/(?:node_modules|dist)\//, '').replace(/^file:.*\//, '')

const colours = {
  polity: '#f2b134',
  nest: '#ed553b',
  fastify: '#3caea3',
  pg: '#6a8caf',
  node: '#c9cba3',
  other: '#dddddd',
}

function originOf({ url }) {
  if (/\/node_modules\/@?nestjs/.test(url)) return 'nest'
  if (/\/node_modules\/(@fastify|fastify|find-my-way)/.test(url)) return 'fastify'
  if (/\/node_modules\/pg/.test(url)) return 'pg'
  if (/\/node_modules\//.test(url)) return 'other'
  return url.includes('/dist/') ? 'polity' : 'node'
}

function draw(root, title) {
  const boxes = []
  let deepest = 0
  const place = (frame, left, depth) => {
    deepest = Math.max(deepest, depth)
    if (depth >= 0) boxes.push(box(frame, root.time, left, depth))
    for (const call of [...frame.calls.values()].sort((one, other) => (one.name < other.name ? -1 : 1))) {
      if (call.time / root.time >= NARROWEST) place(call, left, depth + 1)
      left += call.time / root.time
    }
  }
  place(root, 0, -1)
  const legend = Object.entries(colours).map(
    ([origin, colour], index) =>
      `<rect x="${300 + index * 90}" y="4" width="10" height="10" fill="${colour}"/><text x="${314 + index * 90}" y="13">${origin}</text>`,
  )
  const height = (deepest + 3) * ROW
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="monospace" font-size="10">`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/><text x="4" y="13" font-weight="bold">${title}</text>`,
    ...legend,
    ...boxes,
    '</svg>',
    '',
  ].join('\n')
}

function box({ name, origin, time }, total, left, depth) {
  const width = (time / total) * WIDTH
  const [x, y] = [(left * WIDTH).toFixed(1), (depth + 1.5) * ROW]
  const share = ((time / total) * 100).toFixed(1)
  const shown = name.slice(0, Math.floor((width - 4) / 6))
  return (
    `<g><title>${escaped(name)}: ${share} %</title>` +
    `<rect x="${x}" y="${y}" width="${width.toFixed(1)}" height="${ROW - 1}" fill="${colours[origin]}"/>` +
    (shown.length > 2 ? `<text x="${(left * WIDTH + 2).toFixed(1)}" y="${y + 11}">${escaped(shown)}</text>` : '') +
    '</g>'
  )
}

const escaped = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')
