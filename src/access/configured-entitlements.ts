import { Injectable } from '@nestjs/common'
import { Config } from '../platform/config/config.js'
import { accessSettings } from './access.settings.js'
import { Entitlements, featureKeys, type FeaturesById, type ProductFeature, productFeature } from './entitlements.js'

/** All organizations have all features, or those that the operator lists in `AVAILABLE_PRODUCT_FEATURES`. */
@Injectable()
export class ConfiguredEntitlements extends Entitlements {
  override readonly ofAll: readonly ProductFeature[]

  constructor(config: Config) {
    super()
    const keys = config.of(accessSettings).AVAILABLE_PRODUCT_FEATURES ?? featureKeys
    this.ofAll = keys.map((key) => productFeature(key))
  }

  featuresOf(organization_ids: readonly string[]): FeaturesById {
    return new Map(organization_ids.map((id) => [id, this.ofAll]))
  }
}
