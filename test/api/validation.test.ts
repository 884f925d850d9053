import { describe, expect, it } from '@jest/globals'
import { Body, Controller, Get, Module, Param, ParseArrayPipe, Patch, Post, Query } from '@nestjs/common'
import { IntersectionType, OmitType, PartialType, PickType } from '@nestjs/swagger'
import { Type } from 'class-transformer'
import {
  ArrayMaxSize,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  IsUUID,
  Matches,
  MaxLength,
  MinLength,
  registerDecorator,
  Validate,
  ValidateIf,
  ValidateNested,
  ValidatorConstraint,
} from 'class-validator'
import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import {
  BooleanField,
  ChoiceField,
  DateTimeField,
  EmailField,
  IntegerField,
  LateBody,
  ListField,
  ObjectField,
  Public,
  ReferenceField,
  StringField,
  UrlField,
} from '../../src/index.js'
import { expectError, useServer } from '../support/kit.js'

class Address {
  @StringField({ required: true, maxLength: 20 })
  city!: string

  @ChoiceField({ choices: ['home', 'work'] })
  kind?: string
}

class Line {
  @IntegerField({ required: true })
  count!: number

  @ObjectField({ type: Address })
  address?: Address
}

class OurFields {
  @EmailField({ nullable: true, description: 'Where invoices go.', example: 'ada@example.com' })
  email?: string | null

  @UrlField()
  website?: string

  @DateTimeField({ nullable: true })
  due_at?: Date | null

  @ListField({ items: StringField({ maxLength: 5 }), maxItems: 3 })
  tags?: string[]

  @ListField({ items: ReferenceField(), maxItems: 3, nullable: true })
  members?: string[] | null

  @ObjectField({ type: Address })
  address?: Address

  @ListField({ items: ObjectField({ type: Line }), maxItems: 2 })
  lines?: Line[]

  @BooleanField()
  active?: boolean
}

@ValidatorConstraint({ name: 'isFree', async: true })
class IsFree {
  async validate(value: unknown): Promise<boolean> {
    await Promise.resolve()
    return value !== 'taken'
  }
  defaultMessage(): string {
    return 'This code is taken.'
  }
}

const IsEven = () => (target: object, propertyName: string) =>
  registerDecorator({
    name: 'isEven',
    target: target.constructor,
    propertyName,
    validator: {
      validate: (value) => typeof value === 'number' && value % 2 === 0,
      defaultMessage: () => '$property must be even, not $value.',
    },
  })

class Part {
  @IsString()
  @MaxLength(5)
  label!: string
}

class ForeignBase {
  @IsUUID()
  id!: string
}

class Foreign extends ForeignBase {
  // Whatever the order of the two: a number is first of all no text.
  @MaxLength(5)
  @IsString()
  name!: string

  @Matches(/^[a-z]+$/)
  @Validate(IsFree)
  @IsOptional()
  code?: string

  @IsOptional()
  @IsEven()
  even?: number

  @MinLength(3, { message: 'At least $constraint1 letters, please.' })
  @IsOptional()
  nick?: string

  @ValidateIf(({ name }: Foreign) => name === 'ask')
  @IsString()
  reason?: string

  @IsOptional()
  @ValidateNested()
  @Type(() => Part)
  part?: Part

  @IsOptional()
  @ArrayMaxSize(2)
  @ValidateNested()
  @Type(() => Part)
  parts?: Part[]

  @IsOptional()
  @IsIn(['red', 'blue'], { each: true })
  colours?: string[]

  @IsOptional()
  @MaxLength(3, { groups: ['anything'] })
  grouped?: string
}

class Created {
  @StringField({ required: true, maxLength: 10 })
  title!: string

  @BooleanField({ required: true })
  active!: boolean

  @IsOptional()
  @IsInt()
  size?: number
}

class Partial extends PartialType(Created) {}
class Picked extends PickType(Created, ['title']) {}
class Omitted extends OmitType(Created, ['title']) {}
class Strict extends Partial {
  @StringField({ required: true, maxLength: 10 })
  override title!: string
}
class Crossed extends IntersectionType(Picked, Part) {}

class GearQuery {
  @IntegerField({ required: true })
  size!: number

  @StringField({ maxLength: 5 })
  name?: string
}

@Controller('api/gears')
@Public()
class GearsController {
  @Post('ours')
  ours(@Body() body: OurFields) {
    return { ...body, due_at: body.due_at instanceof Date ? body.due_at.toISOString() : body.due_at }
  }

  @Post('foreign')
  foreign(@Body() body: Foreign) {
    return body
  }

  @Patch('partial')
  partial(@Body() body: Partial) {
    return body
  }

  @Post('picked')
  picked(@Body() body: Picked) {
    return body
  }

  @Post('omitted')
  omitted(@Body() body: Omitted) {
    return body
  }

  @Post('strict')
  strict(@Body() body: Strict) {
    return body
  }

  @Post('crossed')
  crossed(@Body() body: Crossed) {
    return body
  }

  @Post('part')
  part(@Body('part') part: Part) {
    return part
  }

  @Post('schema')
  schema(@Body({ schema: z.object({ name: z.string().max(3), at: z.object({ x: z.number() }) }) }) body: unknown) {
    return body
  }

  @Post('list')
  list(@Body(new ParseArrayPipe({ items: Number })) sizes: number[]) {
    return { sizes }
  }

  @Post('late')
  async late(@LateBody(Created) body: () => Promise<Created>) {
    return { late: await body().catch((error: Error) => error.message) }
  }

  @Get(':id/by')
  query(@Query() query: GearQuery, @Param() { id }: ForeignBase) {
    return { ...query, id }
  }
}

@Module({ controllers: [GearsController] })
class GearsModule {}

const server = useServer({ plugins: [GearsModule] })

const post = (route: string, body: unknown) => server.request('POST', `/api/gears/${route}/`, { body })

/** What a body gets for an answer: the attribute, the code, the sentence. */
type Refusal = [body: object, attr: string | null, code: string, detail: string]

const dictionary = (type: string) => `Invalid data. Expected a dictionary, but got ${type}.`
const DATE_FORMAT =
  'Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].'

describe('our fields', () => {
  it('take what they mean, and drop what nobody declared, at every level', async () => {
    const id = randomUUID()
    const answer = await post('ours', {
      email: ' Ada@Example.com ',
      website: ' http://localhost:3000/a?b=1 ',
      due_at: '2026-05-01 09:00+02:00',
      tags: [' a ', 7],
      members: [id.toUpperCase()],
      address: { city: ' Rome ', unknown: 1 },
      lines: [{ count: '2', address: { city: 'Oslo', kind: 'work' }, unknown: {} }],
      active: 'yes',
      unknown: { deep: 1 },
    })
    expect(answer.body).toEqual({
      email: 'Ada@Example.com',
      website: 'http://localhost:3000/a?b=1',
      due_at: '2026-05-01T07:00:00.000Z',
      tags: ['a', '7'],
      members: [id],
      address: { city: 'Rome' },
      lines: [{ count: 2, address: { city: 'Oslo', kind: 'work' } }],
      active: true,
    })
    expect((await post('ours', { email: null, due_at: null, members: null })).body).toEqual({
      email: null,
      due_at: null,
      members: null,
    })
    expect((await post('ours', {})).body).toEqual({})
    expect((await post('ours', { due_at: '2026-05-01T09:00' })).body).toEqual({ due_at: '2026-05-01T09:00:00.000Z' })
  })

  const refusals: Refusal[] = [
    ...['ada', 'ada@', '@example.com', 'a b@example.com'].map((email): Refusal => [
      { email },
      'email',
      'invalid_input',
      'Enter a valid email address.',
    ]),
    [{ email: '' }, 'email', 'blank', 'This field may not be blank.'],
    [{ email: {} }, 'email', 'invalid_input', 'Not a valid string.'],
    [{ email: `${'a'.repeat(250)}@b.de` }, 'email', 'max_length', 'Ensure this field has no more than 254 characters.'],
    ...['example.com', 'javascript:alert(1)', 'ftp://example.com', 'https://', '//example.com'].map(
      (website): Refusal => [{ website }, 'website', 'invalid_input', 'Enter a valid URL.'],
    ),
    [{ website: null }, 'website', 'null', 'This field may not be null.'],
    ...['2026-05-01', '2026-02-30T00:00Z', '2026-05-01T25:00Z', 'tomorrow', 1_700_000_000, true, {}, []].map(
      (due_at): Refusal => [{ due_at }, 'due_at', 'invalid_input', DATE_FORMAT],
    ),
    ...Object.entries({ str: 'a', dict: {}, int: 1 }).map(([type, tags]): Refusal => [
      { tags },
      'tags',
      'not_a_list',
      `Expected a list of items but got type "${type}".`,
    ]),
    [{ tags: ['a', 'a', 'a', 'a'] }, 'tags', 'max_length', 'Ensure this field has no more than 3 elements.'],
    [{ tags: ['a', '123456', true] }, 'tags__1', 'max_length', 'Ensure this field has no more than 5 characters.'],
    [{ tags: ['a', true] }, 'tags__1', 'invalid_input', 'Not a valid string.'],
    [{ tags: [null] }, 'tags__0', 'null', 'This field may not be null.'],
    [{ members: [randomUUID(), 'x'] }, 'members__1', 'invalid_input', 'Must be a valid UUID.'],
    [{ address: 'Rome' }, 'address', 'invalid_input', dictionary('str')],
    [{ address: [] }, 'address', 'invalid_input', dictionary('list')],
    [{ address: [{ city: 'Rome' }] }, 'address', 'invalid_input', dictionary('list')],
    [{ address: null }, 'address', 'null', 'This field may not be null.'],
    [{ address: {} }, 'address__city', 'required', 'This field is required.'],
    [{ address: { city: null } }, 'address__city', 'null', 'This field may not be null.'],
    [{ address: { kind: 'x', city: 'Rome' } }, 'address__kind', 'invalid_choice', '"x" is not a valid choice.'],
    [{ lines: {} }, 'lines', 'not_a_list', 'Expected a list of items but got type "dict".'],
    [{ lines: ['x'] }, 'lines__0', 'invalid_input', dictionary('str')],
    [{ lines: [{ count: 1 }, [{ count: 1 }]] }, 'lines__1', 'invalid_input', dictionary('list')],
    [{ lines: [{ count: 1 }, null] }, 'lines__1', 'null', 'This field may not be null.'],
    [{ lines: [{ count: 1 }, {}] }, 'lines__1__count', 'required', 'This field is required.'],
    [
      { lines: [{ count: 1, address: { city: '' } }] },
      'lines__0__address__city',
      'blank',
      'This field may not be blank.',
    ],
    [{ active: 'x', address: {}, tags: 1 }, 'tags', 'not_a_list', 'Expected a list of items but got type "int".'],
  ]

  it.each(refusals)('%j is refused for %s: %s', async (body, attr, code, detail) => {
    expectError(await post('ours', body), 400, code, detail, attr)
  })

  it('stand in the API’s description as they are', async () => {
    const { schemas } = (await server.request('GET', '/api/schema/')).body.components
    expect(schemas.OurFields).toEqual({
      type: 'object',
      properties: {
        email: {
          type: ['string', 'null'],
          format: 'email',
          minLength: 1,
          maxLength: 254,
          description: 'Where invoices go.',
          example: 'ada@example.com',
        },
        website: { type: 'string', format: 'uri', minLength: 1, maxLength: 2000 },
        due_at: { type: ['string', 'null'], format: 'date-time' },
        tags: { type: 'array', items: { type: 'string', minLength: 1, maxLength: 5 }, maxItems: 3 },
        members: { type: ['array', 'null'], items: { type: 'string', format: 'uuid' }, maxItems: 3 },
        address: { $ref: '#/components/schemas/Address' },
        lines: { type: 'array', items: { $ref: '#/components/schemas/Line' }, maxItems: 2 },
        active: { type: 'boolean' },
      },
    })
    expect(schemas.Line).toMatchObject({ required: ['count'], properties: { count: { type: 'integer' } } })
    expect(JSON.stringify(schemas.OurFields)).not.toContain('default')
  })
})

describe('decorators of somebody else', () => {
  const id = randomUUID()
  const whole = { id, name: 'Gear', code: 'free', even: 2, nick: 'abc', part: { label: 'x' }, parts: [{ label: 'y' }] }

  it('let through what they accept, and drop what nobody declared', async () => {
    const sent = { ...whole, unknown: 1, part: { label: 'x', unknown: 1 } }
    expect((await post('foreign', sent)).body).toEqual(whole)
    expect((await post('foreign', { id, name: 'Gear', code: null })).body).toEqual({ id, name: 'Gear', code: null })
  })

  const part = { label: 'x' }
  const refusals: Refusal[] = [
    [{ id: undefined }, 'id', 'required', 'This field is required.'],
    [{ id: null }, 'id', 'null', 'This field may not be null.'],
    [{ id: 'x' }, 'id', 'invalid_input', 'Must be a valid UUID.'],
    [{ name: 1_234_567, id: 'x' }, 'name', 'invalid_input', 'Not a valid string.'],
    [{ name: '123456' }, 'name', 'max_length', 'Ensure this field has no more than 5 characters.'],
    [{ code: 'A' }, 'code', 'invalid_input', 'This value does not match the required pattern.'],
    [{ code: 'taken' }, 'code', 'invalid_input', 'This code is taken.'],
    [{ even: 3 }, 'even', 'invalid_input', 'even must be even, not 3.'],
    [{ nick: 'a' }, 'nick', 'min_length', 'At least 3 letters, please.'],
    [{ name: 'ask' }, 'reason', 'required', 'This field is required.'],
    [{ part: 'x' }, 'part', 'invalid_input', dictionary('str')],
    [{ part: [part] }, 'part', 'invalid_input', dictionary('list')],
    [{ part: {} }, 'part__label', 'required', 'This field is required.'],
    [{ parts: [part, { label: 7 }] }, 'parts__1__label', 'invalid_input', 'Not a valid string.'],
    [{ parts: [part, part, part] }, 'parts', 'max_length', 'Ensure this field has no more than 2 elements.'],
    [{ parts: [[part]] }, 'parts__0', 'invalid_input', dictionary('list')],
    [{ parts: part }, 'parts', 'not_a_list', 'Expected a list of items but got type "dict".'],
    [{ colours: ['red', 'grey'] }, 'colours__1', 'invalid_choice', '"grey" is not a valid choice.'],
    [{ grouped: 'long' }, 'grouped', 'max_length', 'Ensure this field has no more than 3 characters.'],
  ]

  it.each(refusals)('refuse %j for %s: %s', async (changes, attr, code, detail) => {
    expectError(await post('foreign', { ...whole, ...changes }), 400, code, detail, attr)
  })

  it('repeat no more than a sentence of what was sent', async () => {
    const { status, body } = await post('foreign', { ...whole, even: 'x'.repeat(100_000) })
    expect({ status, length: body.detail.length }).toEqual({ status: 400, length: 500 })
  })
})

describe('a DTO made of another', () => {
  it('is validated as the other, with what was made optional optional and never null', async () => {
    const patch = (body: object) => server.request('PATCH', '/api/gears/partial/', { body })
    expect((await patch({})).body).toEqual({})
    expect((await patch({ title: ' Cog ' })).body).toEqual({ title: 'Cog' })
    expectError(await patch({ title: null }), 400, 'null', 'This field may not be null.', 'title')
    expectError(await patch({ active: 'x' }), 400, 'invalid_input', 'Must be a valid boolean.', 'active')
    expectError(await patch({ size: 'x' }), 400, 'invalid_input', 'A valid integer is required.', 'size')
    expect((await post('picked', { title: 'Cog', size: 'x' })).body).toEqual({ title: 'Cog' })
    expectError(await post('picked', {}), 400, 'required', 'This field is required.', 'title')
    expect((await post('omitted', { active: 1, title: {} })).body).toEqual({ active: true })
    expectError(await post('strict', { active: true }), 400, 'required', 'This field is required.', 'title')
    expectError(await post('crossed', { title: 'Cog' }), 400, 'required', 'This field is required.', 'label')
    expect((await post('crossed', { title: 'Cog', label: 'x' })).body).toEqual({ title: 'Cog', label: 'x' })
  })
})

describe('hostile objects', () => {
  it('are no more than a thousand, and lists no longer than they may be', async () => {
    const many = <T>(length: number, item: T) => Array.from({ length }, () => item)
    const tooMany = await post('foreign', {
      id: randomUUID(),
      name: 'Gear',
      part: { label: 'x', more: many(1_000, {}) },
    })
    expectError(tooMany, 400, 'parse_error', 'The body has more than 1000 nested objects.')
    const long = await post('ours', { lines: many(50_000, { count: 1 }) })
    expectError(long, 400, 'max_length', 'Ensure this field has no more than 2 elements.', 'lines')
  })

  it.each([
    ['{"address": {"city": "Rome", "__proto__": {"kind": "home"}}}', 'address', '__proto__'],
    ['{"address": {"city": "Rome", "constructor": 1}}', 'address', 'constructor'],
    ['{"lines": [{"count": 1, "address": {"city": "Rome", "constructor": {}}}]}', 'lines__0__address', 'constructor'],
  ])('%s is refused and changes nothing', async (body, attr, key) => {
    expectError(await post('ours', body), 400, 'invalid_input', `The key "${key}" is not allowed.`, attr)
    expect(({} as Record<string, unknown>).kind).toBeUndefined()
  })

  it.each([
    ['[]', 'list'],
    ['"x"', 'str'],
    ['null', 'NoneType'],
  ])('%s is no body', async (body, type) => {
    for (const route of ['ours', 'foreign'])
      expectError(await post(route, body), 400, 'invalid_input', dictionary(type))
  })
})

describe('other ways into a handler', () => {
  it('are validated too: a part of a body, a schema, a pipe, a late body, query and path', async () => {
    expectError(await post('part', { part: {} }), 400, 'required', 'This field is required.', 'part__label')
    expectError(await post('part', { part: 'x' }), 400, 'invalid_input', dictionary('str'), 'part')
    expect((await post('part', { part: { label: 'x', y: 1 } })).body).toEqual({ label: 'x' })

    expect((await post('schema', { name: 'a', at: { x: 1 } })).body).toEqual({ name: 'a', at: { x: 1 } })
    expectError(await post('schema', { name: 'a' }), 400, 'required', 'This field is required.', 'at')
    expectError(await post('schema', { name: 'a', at: {} }), 400, 'required', 'This field is required.', 'at__x')
    expect((await post('schema', { name: 'long', at: { x: 1 } })).body).toMatchObject({
      code: 'invalid_input',
      detail: expect.stringMatching(/^Not valid: /),
      attr: 'name',
    })

    expect((await post('list', [1, 2])).body).toEqual({ sizes: [1, 2] })
    expect((await post('list', '{')).body).toMatchObject({ code: 'parse_error' })
    expect((await post('late', {})).body).toEqual({ late: 'This field is required.' })

    const get = (path: string) => server.request('GET', `/api/gears/${path}`)
    const id = randomUUID()
    expect((await get(`${id}/by/?size=12&other=1`)).body).toEqual({ id, size: 12 })
    expectError(await get(`${id}/by/`), 400, 'required', 'This field is required.', 'size')
    const long = await get(`${id}/by/?size=1&name=longer`)
    expectError(long, 400, 'max_length', 'Ensure this field has no more than 5 characters.', 'name')
    expectError(await get('x/by/?size=1'), 400, 'invalid_input', 'Must be a valid UUID.', 'id')
  })
})
