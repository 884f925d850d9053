import type { SecuritySchemes } from '../platform/http/openapi.js'

/** The query or body parameter of a personal API key. */
export const KEY_PARAMETER = 'personal_api_key'
/** The name of a personal API key among the security schemes of the API's description. */
export const KEY_SCHEME = 'personal_api_key'

export const keyScheme: SecuritySchemes = {
  [KEY_SCHEME]: { type: 'http', scheme: 'bearer', description: 'A personal API key, `phx_…`.' },
}
