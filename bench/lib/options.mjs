import { parseArgs } from 'node:util'
import { scenarios } from './scenarios.mjs'

const help = (names) => `npm run bench -- [options]

  --quick              about a minute: floor and ours, three short rounds
  --compare FILE       beside each figure, its ratio to an earlier run's results
  --large              ours with 1 million organizations beside ours with 10 thousand
  --only A,B           these servers: ${names.join(', ')}
  --scenarios A,B      these scenarios: ${Object.keys(scenarios).join(', ')}
  --rounds N           rounds of each scenario (5; quick: 3)
  --seconds N          length of a round of one server (1.2; quick: 0.8; peers: half of it, unless they are slow)
  --install            first install the peers that are missing, from npm and Debian
  --start              measure the start too: from nothing to the first answer, and again on the same folder
  --soak               send ours a million requests and watch its memory
  --flame              draw where ours spends its time in these scenarios, as SVG in bench/results
`

/** @param names of the servers that can be measured */
export function readOptions(names) {
  const flag = { type: 'boolean', default: false }
  const text = { type: 'string' }
  const options = { quick: flag, large: flag, install: flag, start: flag, soak: flag, flame: flag, help: flag }
  for (const name of ['compare', 'only', 'scenarios', 'rounds', 'seconds']) options[name] = text
  const { values } = parseArgs({ options })
  if (values.help) {
    console.log(help(names))
    process.exit(0)
  }
  const chosen = { large: ['ours', 'ours@1m'], quick: ['floor', 'ours', 'ours@limited'] }
  const defaults = values.large
    ? chosen.large
    : values.quick
      ? chosen.quick
      : names.filter((name) => !name.includes('@1m') && !name.includes('@50k'))
  const defaultScenarios = values.large
    ? ['retrieve', 'list', 'create', 'search', 'first-page', 'deep-page']
    : Object.keys(scenarios).filter((name) => !scenarios[name].large)
  return {
    ...values,
    servers: among(values.only, names, defaults),
    scenarios: among(values.scenarios, Object.keys(scenarios), defaultScenarios),
    rounds: Number(values.rounds ?? (values.quick ? 3 : 5)),
    seconds: Number(values.seconds ?? (values.quick ? 0.8 : 1.2)),
  }
}

function among(list, known, defaults) {
  if (!list) return defaults
  const chosen = list.split(',').map((name) => name.trim())
  const unknown = chosen.find((name) => !known.includes(name))
  if (unknown !== undefined) throw new Error(`There is no ${unknown}. There are: ${known.join(', ')}`)
  return chosen
}
