/** A feature as `available_product_features` shows it. Only `key` carries weight. */
export interface ProductFeature {
  key: string
  name: string
  description: string | null
  unit: string | null
  limit: number | null
  note: string | null
  is_plan_default: boolean
}

const names = {
  organizations_projects: 'Multiple projects',
  organization_invite_settings: 'Invite settings',
  organization_security_settings: 'Security settings',
  '2fa_enforcement': 'Two-factor enforcement',
  automatic_provisioning: 'Automatic provisioning',
  audit_logs: 'Activity log',
  role_based_access: 'Role-based access',
} as const

/** The features that Polity knows. */
export type FeatureKey = keyof typeof names

export const featureKeys = Object.keys(names) as FeatureKey[]

/**
 * A feature by its key, one of Polity's or one of yours.
 * @param shown what `available_product_features` shows of it. Default: its name, and no limit
 * @example productFeature('organizations_projects', { limit: 3, unit: 'projects' })
 */
export const productFeature = (
  key: FeatureKey | (string & {}),
  shown: Partial<Omit<ProductFeature, 'key'>> = {},
): ProductFeature => ({
  key,
  name: names[key as FeatureKey] ?? key,
  description: null,
  unit: null,
  limit: null,
  note: null,
  is_plan_default: true,
  ...shown,
})

/** The features of organizations, by the organization's id. An organization that is not in it has none. */
export type FeaturesById = ReadonlyMap<string, readonly ProductFeature[]>

/**
 * Decides which product features an organization has. They stand in `available_product_features`, alone and in lists. They
 * open settings to changes: `2fa_enforcement` opens `enforce_2fa`, `organization_invite_settings` opens
 * `members_can_invite` and `members_can_create_projects`, `organization_security_settings` opens
 * `allow_publicly_shared_resources` and `members_can_use_personal_api_keys`, which has no effect without it.
 *
 * Default: all organizations have the features of `AVAILABLE_PRODUCT_FEATURES`. A plugin replaces it with a class that it
 * lists in `decisions`. Polity asks that class once for each answer that shows organizations, and does not remember what it
 * says. The routes of organizations ask before or after their transactions, never within. When the class throws, the
 * request fails: an `ApiError` is the answer, anything else answers 500.
 * @example
 * ```ts
 * const free = [productFeature('organizations_projects', { limit: 1, unit: 'projects' })]
 * const team = [productFeature('organizations_projects'), productFeature('organization_security_settings')]
 *
 * @Injectable()
 * export class PlanEntitlements extends Entitlements {
 *   constructor(private readonly plans: PlansService) { super() }
 *
 *   async featuresOf(ids: readonly string[]): Promise<FeaturesById> {
 *     const paying = await this.plans.paying(ids)
 *     return new Map(ids.map((id) => [id, paying.has(id) ? team : free]))
 *   }
 * }
 *
 * @PolityPlugin({ providers: [PlansService], decisions: [PlanEntitlements] })
 * export class PlansModule {}
 * ```
 */
export abstract class Entitlements {
  /** The features of all organizations, where all have the same and these never change: `featuresOf` is asked less then. */
  readonly ofAll?: readonly ProductFeature[]

  /**
   * The features of each of these organizations.
   * @param organization_ids no more than a thousand, and perhaps none
   */
  abstract featuresOf(organization_ids: readonly string[]): FeaturesById | Promise<FeaturesById>

  /** Whether an organization has a feature: whether {@link featuresOf} says so. */
  async has(organization_id: string, feature: FeatureKey | (string & {})): Promise<boolean> {
    const features = this.ofAll ?? (await this.featuresOf([organization_id])).get(organization_id) ?? []
    return features.some(({ key }) => key === feature)
  }
}
