import type { Type } from '@nestjs/common'
import type { NestFastifyApplication } from '@nestjs/platform-fastify'
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Config } from '../config/config.js'
import { serveDocsPage } from './docs-page.js'
import { errorBodySchema, finishDocument } from './openapi-document.js'

/** Ways to authenticate, by name. */
export type SecuritySchemes = Record<string, Parameters<DocumentBuilder['addSecurity']>[1]>

/** Fields of plugins. */
export interface AddedFields {
  /** A class with them, decorated. */
  fields: Type
  /** Names of schemas that always have them, and of those that may. */
  always: readonly string[]
  perhaps: readonly string[]
}

/** What the decorators cannot say. */
export interface Particulars {
  title: string
  description: string
  /** The credential that routes ask for, by the name that they give it. */
  credential: SecuritySchemes
  /** Credentials that are accepted wherever that one is. */
  alternatives: SecuritySchemes
  /** What stands before the paths where another application serves them. */
  mountedAt?: string
  added?: AddedFields
}

/** The API's description, OpenAPI 3.1, made from the decorators on controllers and DTOs. */
export function openApiDocument(
  application: NestFastifyApplication,
  { title, description, credential, alternatives, mountedAt = '', added }: Particulars,
): OpenAPIObject {
  const builder = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle(title)
    .setDescription(description)
    .setVersion('1')
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addServer(application.get(Config).get('PUBLIC_URL') ?? (mountedAt || '/'))
    .build()
  const document = SwaggerModule.createDocument(application, builder, { extraModels: added ? [added.fields] : [] })
  if (added) addFields(document.components!.schemas as Record<string, ObjectSchema>, added)
  document.components!.schemas!.Error = errorBodySchema
  document.components!.securitySchemes = { ...credential, ...alternatives }
  return finishDocument(document, Object.keys(credential), Object.keys(alternatives))
}

interface ObjectSchema {
  properties: Record<string, object>
  required?: string[]
}

function addFields(schemas: Record<string, ObjectSchema>, { fields, always, perhaps }: AddedFields): void {
  const { properties } = schemas[fields.name]!
  delete schemas[fields.name]
  for (const name of [...always, ...perhaps]) Object.assign(schemas[name]!.properties, properties)
  for (const name of always) schemas[name]!.required?.push(...Object.keys(properties))
}

/**
 * Serves the description at `/api/schema/` (JSON; YAML on `Accept` or `?format=yaml`) and a page to read it at `/api/docs/`.
 * @param count counts a request against its caller's limits
 * @param particulars as in {@link openApiDocument}, asked when somebody reads it
 */
export function serveOpenApi(
  application: NestFastifyApplication,
  count: (request: FastifyRequest) => Promise<void>,
  particulars: () => Particulars,
): void {
  const server = application.getHttpAdapter().getInstance()
  // Made when somebody asks: most servers never are, and it is a large part of the start and of the memory. Made once.
  let json: string | undefined
  let yaml: Promise<string> | undefined
  const asJson = () => (json ??= JSON.stringify(openApiDocument(application, particulars())))
  const asYaml = () => (yaml ??= import('yaml').then(({ stringify }) => stringify(JSON.parse(asJson()))))
  server.get(
    '/api/schema',
    async (request: FastifyRequest<{ Querystring: { format?: string } }>, reply: FastifyReply) => {
      await count(request)
      const wantsYaml = request.query.format
        ? request.query.format === 'yaml'
        : /\byaml\b/.test(request.headers.accept ?? '')
      if (!wantsYaml) return reply.type('application/json').send(asJson())
      return reply.type('application/yaml').send(await asYaml())
    },
  )
  serveDocsPage(server)
}
