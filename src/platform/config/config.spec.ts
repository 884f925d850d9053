import { describe, expect, it } from '@jest/globals'
import { readFile } from 'node:fs/promises'
import { parseEnv } from 'node:util'
import { StartError } from '../start-error.js'
import { environment, loadConfig } from './config.js'

describe('loadConfig', () => {
  it('has in .env.example every variable with its default, and no other', async () => {
    const example = parseEnv(await readFile('.env.example', 'utf8'))
    expect(Object.keys(example).sort()).toEqual(Object.keys(environment.shape).sort())
    expect(loadConfig(example).values).toEqual({
      ...loadConfig({}).values,
      ...Object.fromEntries(Object.entries(loadConfig(example).values).filter(([, value]) => value === undefined)),
    })
  })

  it.each([
    ['PORT', 'high'],
    ['PORT', '70000'],
    ['DATABASE_URL', 'mysql://localhost/polity'],
    ['LOG_LEVEL', 'loud'],
    ['RATE_LIMIT_ENABLED', 'maybe'],
    ['INTEGRATION_ENCRYPTION_KEYS', 'a:tooshort'],
    ['INTEGRATION_ENCRYPTION_KEYS', `a:${'A'.repeat(43)}=,a:${'B'.repeat(43)}=`],
  ])('refuses %s=%s by its name', (name, value) => {
    expect(() => loadConfig({ [name]: value })).toThrow(StartError)
    expect(() => loadConfig({ [name]: value })).toThrow(`The environment variable ${name} is not valid`)
  })

  it.each([
    ['PORT', 'high', 'write a whole number from 0 to 65535'],
    ['PORT', '70000', 'write a whole number from 0 to 65535'],
    ['DATABASE_URL', 'localhost', 'write it like postgres://user:password@host:5432/polity'],
    ['REDIS_URL', 'http://localhost', 'write it like redis://host:6379'],
  ])('says what %s=%s should be instead', (name, value, wanted) => {
    expect(() => loadConfig({ [name]: value })).toThrow(`${name} is not valid: ${wanted}. See .env.example`)
  })
})
