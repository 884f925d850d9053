import { describe, expect, it } from '@jest/globals'
import { Json } from './json.js'

describe('Json', () => {
  it('is its value until it was sent, and then says so rather than nothing', () => {
    const json = new Json<{ name: string }>(['{"name":', '"Größe 🚀"', '}'])
    expect(json.parse()).toEqual({ name: 'Größe 🚀' })
    expect(json.take().toString()).toBe('{"name":"Größe 🚀"}')
    expect(() => json.take()).toThrow('This Json was sent already, and holds nothing any more. Keep its text instead.')
    expect(() => json.text).toThrow('Keep its text instead.')
  })
})
