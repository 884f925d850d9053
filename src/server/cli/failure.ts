import { HttpException } from '@nestjs/common'
import { CommanderError } from 'commander'
import { isDatabaseUnavailable } from '../../platform/database/database-errors.js'
import { ApiError, type ErrorBody } from '../../platform/http/error-catalogue.js'
import { asApiError } from '../../platform/http/error-filter.js'
import { notFound } from '../../platform/http/http.errors.js'
import { StartError } from '../../platform/start-error.js'

/** Why a command failed: a sentence for people, and for programs the body that the API would answer with. */
interface Failure {
  sentence: string
  body: ErrorBody & { stack?: string }
}

export function failureOf(error: unknown): Failure {
  if (error instanceof CommanderError) return refused(usage(error))
  if (error instanceof StartError) return refused(error.message)
  if (error instanceof ApiError) return told(error, error.message === UNNAMED ? NOT_FOUND : error.message)
  const known = asApiError(error)
  // A plugin's, such as a veto.
  if (error instanceof HttpException) return told(known, known.message)
  if (isDatabaseUnavailable(error)) return told(known, `The database does not answer: ${(error as Error).message}`)
  // A bug of ours: this output is the only place where it is reported.
  const stack = String((error as Error | null)?.stack ?? error)
  return { sentence: stack, body: { ...known.body, stack } }
}

/** The API's sentence for everything that is missing. A command line can say more. */
const UNNAMED = notFound().message
const NOT_FOUND =
  'No key, user or organization has this id. polity keys list, users list and organizations list show the ids.'

const told = ({ body }: ApiError, sentence: string): Failure => ({ sentence, body: { ...body, detail: sentence } })

const refused = (detail: string): Failure => ({
  sentence: detail,
  body: { type: 'validation_error', code: 'invalid_input', detail, attr: null },
})

/** When no command is named, Commander prints the help instead of an error. */
const usage = ({ code, message }: CommanderError): string =>
  code === 'commander.help' ? 'Name a command: polity --help lists them.' : message.replace(/^error: /, '')
