import { describe, expect, it } from '@jest/globals'
import { parseDotEnv } from './dot-env.js'

describe('parseDotEnv', () => {
  it.each<[string, Record<string, string>]>([
    ['', {}],
    ['# PORT=1\n\n  # and\r\n', {}],
    ['PORT=3000\r\nHOST = localhost # here\n', { PORT: '3000', HOST: 'localhost' }],
    ['export PORT=3000', { PORT: '3000' }],
    ['PORT=1\nPORT=2', { PORT: '2' }],
    ['PORT=\nHOST=a', { PORT: '', HOST: 'a' }],
    ['TOKEN="a # b" # c', { TOKEN: 'a # b' }],
    [`PLANS='[\n{"id": "a"}\n]'\nPORT=1`, { PLANS: '[\n{"id": "a"}\n]', PORT: '1' }],
    ['URL=a=b', { URL: 'a=b' }],
  ])('reads %j', (text, values) => {
    expect(parseDotEnv(text)).toEqual({ values, problems: [] })
  })

  it.each<[string, number]>([
    ['PORT 3000', 1],
    ['HOST=a\nPORT: 3000', 2],
    ['=3000', 1],
    ['MY PORT=3000', 1],
    ['DATA.DIR=x', 1],
    ['\uFEFFPORT=3000', 1],
    ['P\0O\0R\0T\0=\x001\0', 1],
    ['PORT=1\nTOKEN="a', 2],
    ['TOKEN="a"b', 1],
    ["TOKEN='it''s'", 1],
    ['TOKEN=a#b', 1],
    [`PLANS='["a",\nPORT=1`, 1],
  ])('names the line of %j that it cannot read', (text, line) => {
    expect(parseDotEnv(text).problems).toEqual([expect.stringMatching(`^Line ${line} of \\.env cannot be read: `)])
  })

  it('reads the other lines of a file all the same', () => {
    expect(parseDotEnv('PORT 1\nHOST=a\nTOKEN="a\nLOG_LEVEL=info')).toEqual({
      values: { HOST: 'a', LOG_LEVEL: 'info' },
      problems: [expect.stringContaining('Line 1 '), expect.stringContaining('Line 3 ')],
    })
  })
})
