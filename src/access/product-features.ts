import { Injectable } from '@nestjs/common'
import { Config } from '../platform/config/config.js'
import { accessSettings } from './access.settings.js'

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

export type FeatureKey = keyof typeof names

/** Which features are on. All of them, unless the operator lists some in `AVAILABLE_PRODUCT_FEATURES`. */
@Injectable()
export class ProductFeatures {
  readonly list: readonly ProductFeature[]

  constructor(config: Config) {
    const keys = config.of(accessSettings).AVAILABLE_PRODUCT_FEATURES ?? Object.keys(names)
    this.list = keys.map((key) => ({
      key,
      name: names[key as FeatureKey] ?? key,
      description: null,
      unit: null,
      limit: null,
      note: null,
      is_plan_default: true,
    }))
  }

  has(key: FeatureKey): boolean {
    return this.list.some((feature) => feature.key === key)
  }
}
