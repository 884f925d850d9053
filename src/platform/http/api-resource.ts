import { applyDecorators } from '@nestjs/common'
import { ApiExtension, ApiTags, type OpenAPIObject } from '@nestjs/swagger'

const EXTENSION = 'x-resource'

interface Resource {
  name: string
  description: string
}

/**
 * Groups the routes of a controller in the API's description, under a name and a sentence on what they are about.
 * @example ApiResource('projects', 'The projects of organizations.')
 */
export const ApiResource = (name: string, description: string) =>
  applyDecorators(ApiTags(name), ApiExtension(EXTENSION, { name, description } satisfies Resource))

/** Takes out of the operations what {@link ApiResource} put there. @returns each resource once, as the document's tags */
export function takeResources(operations: readonly object[]): NonNullable<OpenAPIObject['tags']> {
  const resources = new Map<string, Resource>()
  for (const operation of operations as Record<string, Resource | undefined>[]) {
    const resource = operation[EXTENSION]
    if (resource) resources.set(resource.name, resource)
    delete operation[EXTENSION]
  }
  return [...resources.values()]
}
