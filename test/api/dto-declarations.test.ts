import { describe, expect, it } from '@jest/globals'
import { Body, Controller, Module, Param, ParseArrayPipe, Post, Query, type Type, UsePipes } from '@nestjs/common'
import { z } from 'zod'
import { LateBody, Public, StartError, StringField } from '../../src/index.js'
import { TestServer } from '../support/kit.js'

class Gear {
  @StringField({ required: true, maxLength: 5 })
  name!: string

  note?: string
}

class Bare {
  name!: string
}

/** A module of a third party whose only route takes what the decorator gives, as `type`. */
function extension(parameter: ParameterDecorator, type: unknown, decorator: MethodDecorator = () => undefined): Type {
  @Controller('api/gears')
  class GearsController {
    make(_first: string, _body: unknown) {
      return {}
    }
  }
  const { prototype } = GearsController
  const method = Object.getOwnPropertyDescriptor(prototype, 'make')!
  Reflect.defineMetadata('design:paramtypes', [String, type], prototype, 'make')
  parameter(prototype, 'make', 1)
  for (const decorate of [Post(), Public(), decorator]) decorate(prototype, 'make', method)
  @Module({ controllers: [GearsController] })
  class GearsModule {}
  return GearsModule
}

const start = async (module: Type) => {
  const server = await TestServer.start({ plugins: [module] })
  await server.close()
}

describe('a server with an extension', () => {
  it.each<[string, Type, string]>([
    ['an interface', extension(Body(), Object), '@Body(), is not validated: its type is no class.'],
    ['an array', extension(Body(), Array), '@Body(), is not validated: its type is no class.'],
    ['a part of the body', extension(Body('name'), String), '@Body(), is not validated: its type is no class.'],
    ['no decorator', extension(Body(), Bare), '@Body(), is not validated: no property of Bare has a'],
    ['one undecorated property', extension(Body(), Gear), '@Body(), is not validated: Gear.note has no'],
    [
      'a late body of that kind',
      extension(LateBody(Gear), Function),
      '@LateBody(), is not validated: Gear.note has no',
    ],
    ['a query of that kind', extension(Query(), Gear), '@Query(), is not validated: Gear.note has no'],
    ['path parameters of that kind', extension(Param(), Bare), '@Param(), is not validated: no property of Bare'],
  ])('does not start where a handler takes %s', async (_what, module, sentence) => {
    const failure = await start(module).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(StartError)
    const { message } = failure as StartError
    expect(message).toMatch(/^GearsController\.make: parameter 2, /)
    expect(message).toContain(sentence)
  })

  it('starts where a schema or a pipe looks at the body, and where query and path are read by hand', async () => {
    const pipe = new ParseArrayPipe({ items: Number })
    for (const module of [
      extension(Body({ schema: z.object({}) }), Object),
      extension(Body(pipe), Array),
      extension(Body(), Array, UsePipes(pipe)),
      extension(Query(), Object),
      extension(Param('id'), String),
    ])
      await start(module)
  })
})
