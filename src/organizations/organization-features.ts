import { Injectable } from '@nestjs/common'
import { Entitlements } from '../access/index.js'
import type { OrganizationSettings } from './organization.dto.js'
import { type Gate, gates } from './organization.errors.js'

/** What the features of an organization are for here: they are shown, and they open settings. */
@Injectable()
export class OrganizationFeatures {
  /** Written once, where all organizations have the same. */
  private readonly textOfAll?: string

  constructor(private readonly entitlements: Entitlements) {
    this.textOfAll = entitlements.ofAll && JSON.stringify(entitlements.ofAll)
  }

  /** @returns what `available_product_features` shows of each of these organizations, as JSON text by its id */
  async texts(organizationIds: readonly string[]): Promise<(id: string) => string> {
    const { textOfAll } = this
    if (textOfAll !== undefined) return () => textOfAll
    const features = await this.entitlements.featuresOf(organizationIds)
    return (id) => JSON.stringify(features.get(id) ?? [])
  }

  /** Of the gates to these settings, those whose feature the organization lacks. */
  async closedGates(id: string, settings: OrganizationSettings): Promise<readonly Gate[]> {
    const wanted = gates.filter(({ field }) => field in settings)
    if (wanted.length === 0) return []
    const features = (await this.entitlements.featuresOf([id])).get(id) ?? []
    return wanted.filter(({ feature }) => !features.some(({ key }) => key === feature))
  }
}
