export const DASHBOARD = 'https://vercel.com'

/**
 * An address as it is parsed, where it is at one of the origins, with neither a user nor a backslash: each of the two may read
 * differently in another parser, which would then go elsewhere.
 */
function at(origins: readonly string[], text: unknown): string | null {
  if (typeof text !== 'string' || text.includes('\\') || !URL.canParse(text)) return null
  const url = new URL(text)
  return origins.includes(url.origin) && url.username === '' && url.password === '' ? url.href : null
}

/** The address, where it is one of Vercel's dashboard; null for any other. */
export const dashboardUrl = (text: unknown): string | null => at([DASHBOARD, 'https://www.vercel.com'], text)

/** The address, where it is one of the operator's frontend; null for any other. */
export const frontendUrl = (appUrl: string, text: unknown): string | null => at([new URL(appUrl).origin], text)
