import {
  BadRequestException,
  ConflictException,
  Controller,
  ForbiddenException,
  Get,
  HttpException,
  ImATeapotException,
  Module,
  NotFoundException,
  Param,
  ServiceUnavailableException,
  UnauthorizedException,
} from '@nestjs/common'
import { describe, expect, it } from '@jest/globals'
import { Public } from '../../src/index.js'
import { useServer } from '../support/kit.js'

const thrown: Record<string, () => unknown> = {
  missing: () => new NotFoundException('No gear has this id.'),
  forbidden: () => new ForbiddenException('Gears are for owners.'),
  unauthorized: () => new UnauthorizedException('Sign in to see gears.'),
  invalid: () => new BadRequestException(['size must be a number', 'name must be shorter']),
  conflict: () => new ConflictException('Two gears', { errorCode: 'gear_taken' }),
  teapot: () => new ImATeapotException(),
  string: () => new HttpException('Gears are gone.', 410),
  object: () => new HttpException({ gear: 1 }, 422),
  hidden: () => new HttpException(new Error('planted') as never, 502),
  away: () => new ServiceUnavailableException('The gear shop is closed.'),
  broken: () => new Error('planted'),
  nothing: () => undefined,
  string_thrown: () => 'planted',
}

@Controller('api/gears')
class GearsController {
  @Get(':error')
  @Public()
  fail(@Param('error') error: string): void {
    throw thrown[error]!()
  }
}

@Module({ controllers: [GearsController] })
class GearsModule {}

const server = useServer({ plugins: [GearsModule] })

describe('an exception of an extension', () => {
  it.each<[string, number, string, string, string]>([
    ['missing', 404, 'invalid_request', 'not_found', 'No gear has this id.'],
    ['forbidden', 403, 'authentication_error', 'permission_denied', 'Gears are for owners.'],
    ['unauthorized', 401, 'authentication_error', 'not_authenticated', 'Sign in to see gears.'],
    ['invalid', 400, 'validation_error', 'invalid_input', 'size must be a number'],
    ['conflict', 409, 'invalid_request', 'gear_taken', 'Two gears'],
    ['teapot', 418, 'invalid_request', 'i_m_a_teapot', "I'm a teapot"],
    ['string', 410, 'invalid_request', 'gone', 'Gears are gone.'],
    ['object', 422, 'invalid_request', 'unprocessable_entity', 'Unprocessable Entity'],
    ['hidden', 502, 'server_error', 'bad_gateway', 'Bad Gateway'],
    ['away', 503, 'server_error', 'unavailable', 'The gear shop is closed.'],
    ['broken', 500, 'server_error', 'error', 'A server error occurred.'],
    ['nothing', 500, 'server_error', 'error', 'A server error occurred.'],
    ['string_thrown', 500, 'server_error', 'error', 'A server error occurred.'],
  ])('that is %s is %i %s %s', async (error, status, type, code, detail) => {
    const before = server.logLines.length
    const answer = await server.request('GET', `/api/gears/${error}/`)
    expect({ status: answer.status, body: answer.body }).toEqual({ status, body: { type, code, detail, attr: null } })
    const id = answer.headers.get('x-request-id')
    const failures = server.logLines
      .slice(before)
      .map((line) => JSON.parse(line))
      .filter(({ level, request_id }) => level >= 50 && request_id === id)
    expect(failures).toHaveLength(status >= 500 ? 1 : 0)
    if (error === 'broken') expect(failures[0]).toMatchObject({ msg: 'request failed', err: { message: 'planted' } })
  })
})
