import { z } from 'zod'
import { readable } from '../../../platform/http/body.js'
import { fieldErrors } from '../../../platform/http/validation.errors.js'
import { defineError } from '../../../platform/http/error-catalogue.js'
import { storedEmail } from '../../../platform/values/stored-values.js'

const invalidValue = defineError({
  status: 400,
  type: 'validation_error',
  code: 'invalid_input',
  detail: 'Not valid: {problem}.',
})

/** Has to say something; what it may say is for Vercel to know. */
const text = z.string().trim().min(1)
/** May say nothing. */
const name = z.string().trim().nullish()

/** `PUT /installations/:id` */
export const upsertInstallation = z.object({
  scopes: z.array(text).min(1).max(100),
  acceptedPolicies: z.record(z.string(), z.unknown()),
  credentials: z.object({ access_token: text, token_type: text }),
  account: z.object({
    name,
    url: z.url(),
    contact: z.object({ email: storedEmail, name }),
  }),
})

export const updateInstallation = z.object({ billingPlanId: text })

/** `POST /installations/:id/resources` */
export const createResource = z.object({
  productId: text,
  name: z.string().trim(),
  metadata: z.record(z.string(), z.unknown()).default({}),
  billingPlanId: text,
  externalId: z.string().nullish(),
})

/** `PATCH /installations/:id/resources/:resourceId`: what is left out stays. */
export const updateResource = z.object({
  name: createResource.shape.name.optional(),
  metadata: createResource.shape.metadata.unwrap().optional(),
  billingPlanId: text.optional(),
})

export type UpsertInstallation = z.infer<typeof upsertInstallation>
export type CreateResource = z.infer<typeof createResource>
export type UpdateResource = z.infer<typeof updateResource>

/** Reads what Vercel sent. @throws {ApiError} 400 with the first field that is not as Vercel documents it */
export function payloadOf<Payload>(schema: z.ZodType<Payload>, body: unknown): Payload {
  const value = readable(body) ?? {}
  // What PostgreSQL's jsonb cannot hold.
  if (/(?<!\\)(\\\\)*\\u(0000|d[89a-f])/i.test(JSON.stringify(value))) throw fieldErrors.nullCharacters()
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const { path, message, code } = parsed.error.issues[0]!
  const attr = path.join('__') || undefined
  const absent =
    code === 'invalid_type' &&
    path.reduce((at: unknown, key) => (at as Record<PropertyKey, unknown>)?.[key], value) === undefined
  throw absent ? fieldErrors.required({}, { attr }) : invalidValue({ problem: message }, { attr })
}
