const number = (value, digits = 0) =>
  value === undefined
    ? ''
    : value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
const milliseconds = (value) => number(value, value < 10 ? 2 : value < 100 ? 1 : 0)

const columns = [
  ['scenario', (row) => row.scenario, 'left'],
  ['server', (row) => row.server, 'left'],
  ['req/s', (row) => number(row.perSecond)],
  ['±', (row) => row.spread && `${number(row.spread * 100)} %`],
  ['/ floor', (row) => number(row.toFloor, 2)],
  ['/ retrieve', (row) => number(row.toRetrieve, 2)],
  ['p50 ms', (row) => milliseconds(row.p50)],
  ['p99 ms', (row) => milliseconds(row.p99)],
  ['CPU ms', (row) => number(row.cpu, 3)],
  ['DB ms', (row) => number(row.databaseCpu, 3)],
  ['peak MiB', (row) => number(row.peak)],
]

const compared = [
  ['req/s ×', (row) => number(row.before?.perSecond, 2)],
  ['/ floor ×', (row) => number(row.before?.toFloor, 2)],
  ['CPU ×', (row) => number(row.before?.cpu, 2)],
  ['p99 ×', (row) => number(row.before?.p99, 2)],
]

/** @param rows of the results; a row without figures says in `note` why */
export function tableOf(rows, withComparison) {
  const shown = [...columns, ...(withComparison ? compared : [])]
  const lines = rows.map((row) => shown.map(([, text]) => text(row) || ''))
  const widths = shown.map(([title], index) => Math.max(title.length, ...lines.map((line) => line[index].length)))
  const line = (cells) =>
    cells.map((cell, index) => (shown[index][2] ? cell.padEnd(widths[index]) : cell.padStart(widths[index]))).join('  ')
  const text = lines.map((cells, index) =>
    [
      // A scenario's name stands at its first row only.
      line(index && rows[index - 1].scenario === rows[index].scenario ? ['', ...cells.slice(1)] : cells),
      rows[index].note && `  ${rows[index].note}`,
    ]
      .filter(Boolean)
      .join(''),
  )
  return [line(shown.map(([title]) => title)), widths.map((width) => '-'.repeat(width)).join('  '), ...text]
    .map((row) => row.trimEnd())
    .join('\n')
}
