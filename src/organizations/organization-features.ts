import { Injectable } from '@nestjs/common'
import { Entitlements } from '../access/index.js'
import { fillHole } from '../platform/database/fast-path/json-sql.js'
import { Json } from '../platform/http/json.js'
import type { OrganizationSettings, OrganizationView } from './organization.dto.js'
import { type Gate, gates } from './organization.errors.js'
import { idIn } from './organization-json.js'

/** Shows the product features of organizations, and checks the settings that need them. */
@Injectable()
export class OrganizationFeatures {
  /** Written once, where all organizations have the same. */
  private readonly textOfAll?: string

  constructor(private readonly entitlements: Entitlements) {
    this.textOfAll = entitlements.ofAll && JSON.stringify(entitlements.ofAll)
  }

  /**
   * Puts the features into the JSON texts of organizations.
   * @param views all of the texts, asked for where organizations differ
   */
  async completing(views: () => readonly string[]): Promise<(view: string) => Json<OrganizationView>> {
    const { textOfAll } = this
    if (textOfAll !== undefined) return (view) => new Json(fillHole(view, textOfAll))
    const features = await this.entitlements.featuresOf(views().map(idIn))
    return (view) => new Json(fillHole(view, JSON.stringify(features.get(idIn(view)) ?? [])))
  }

  /** The gates to these settings whose feature the organization lacks. */
  async closedGates(id: string, settings: OrganizationSettings): Promise<readonly Gate[]> {
    const wanted = gates.filter(({ field }) => field in settings)
    if (wanted.length === 0) return []
    const features = (await this.entitlements.featuresOf([id])).get(id) ?? []
    return wanted.filter(({ feature }) => !features.some(({ key }) => key === feature))
  }
}
