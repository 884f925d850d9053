import { z } from 'zod'
import { storedEmail } from '../../../platform/values/stored-values.js'

/** A required text. Vercel decides what it may contain. */
const text = z.string().trim().min(1)
/** An optional text. */
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
export type UpdateInstallation = z.infer<typeof updateInstallation>
export type CreateResource = z.infer<typeof createResource>
export type UpdateResource = z.infer<typeof updateResource>
