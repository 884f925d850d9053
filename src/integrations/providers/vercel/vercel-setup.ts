import { Injectable } from '@nestjs/common'
import { z } from 'zod'
import { Config } from '../../../platform/config/config.js'
import { StartError } from '../../../platform/start-error.js'
import { vercelSettings } from './vercel.settings.js'

/** A billing plan as Vercel shows it. Source: vercel.com/docs/integrations/create-integration/marketplace-api */
const plan = z.looseObject({
  id: z.string(),
  type: z.enum(['prepayment', 'subscription']),
  name: z.string(),
  description: z.string(),
  scope: z.enum(['installation', 'resource']).default('installation'),
  paymentMethodRequired: z.boolean().default(true),
  details: z.array(z.looseObject({ label: z.string(), value: z.string().optional() })).default([]),
  highlightedDetails: z.array(z.looseObject({ label: z.string(), value: z.string().optional() })).default([]),
  effectiveDate: z.string().optional(),
})

export type BillingPlan = z.infer<typeof plan>

const usageBased: BillingPlan = plan.parse({
  id: 'usage-based',
  type: 'subscription',
  name: 'Pay as you go',
  description: 'Pay for what you use.',
})

/** The values from Vercel's integration console, and the description of this product for Vercel. */
@Injectable()
export class VercelSetup {
  readonly clientId: string
  readonly clientSecret: string
  readonly issuer: string
  readonly jwksUrl: URL
  readonly apiUrl: string
  readonly product: string
  /** As in `vercel.com/integrations/<slug>`. */
  readonly integrationSlug: string
  /** Begins the names of the environment variables that a project at Vercel gets. */
  readonly secretPrefix: string
  /** Where this server is reached from outside. */
  readonly publicUrl: string
  /** The operator's own frontend, to which browsers are sent on. */
  readonly appUrl: string
  /** The first one is for installations that have not chosen one. */
  readonly plans: readonly BillingPlan[]

  constructor(config: Config) {
    const settings = config.of(vercelSettings)
    this.clientId = settings.VERCEL_CLIENT_ID ?? ''
    this.clientSecret = settings.VERCEL_CLIENT_SECRET ?? ''
    this.issuer = settings.VERCEL_ISSUER
    this.jwksUrl = new URL(settings.VERCEL_JWKS_URL ?? `${this.issuer}/.well-known/jwks`)
    this.apiUrl = settings.VERCEL_API_URL
    this.product = settings.VERCEL_PRODUCT_SLUG
    this.integrationSlug = settings.VERCEL_INTEGRATION_SLUG ?? this.product
    this.secretPrefix = settings.VERCEL_SECRET_PREFIX
    this.publicUrl = config.get('PUBLIC_URL') ?? `http://${config.get('HOST')}:${config.get('PORT')}`
    this.appUrl = config.get('APP_URL') ?? this.publicUrl
    this.plans = plansOf(settings.VERCEL_PLANS)
    if (this.clientId && !this.clientSecret)
      throw new StartError(
        'VERCEL_CLIENT_ID is set and VERCEL_CLIENT_SECRET is not. Copy both from Vercel’s integration console.',
      )
  }

  /** Without a client id, Vercel's routes do not exist. */
  get enabled(): boolean {
    return this.clientId !== ''
  }

  planOf(id: unknown): BillingPlan {
    return this.plans.find((known) => known.id === id) ?? this.plans[0]!
  }
}

/** @throws {StartError} for plans that Vercel would not show */
function plansOf(text: string | undefined): BillingPlan[] {
  if (text === undefined) return [usageBased]
  try {
    return z.array(plan).min(1).parse(JSON.parse(text))
  } catch {
    throw new StartError(
      'VERCEL_PLANS is not valid: write a JSON array of plans, each with id, type, name and description.',
    )
  }
}
