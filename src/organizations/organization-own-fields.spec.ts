import { describe, expect, it } from '@jest/globals'
import { getMetadataArgsStorage } from 'typeorm'
import { shapeOf } from '../platform/http/dto-shape.js'
import { UpdateOrganization } from './organization.dto.js'
import { Organization } from './organization.entity.js'
import { type OwnFields, ownFields, settingNames } from './organization-own-fields.js'

describe("the list of an organization's own fields", () => {
  it('has each column, and does not compile without one', () => {
    const columns = getMetadataArgsStorage().filterColumns(Organization)
    expect(Object.keys(ownFields)).toEqual(expect.arrayContaining(columns.map(({ propertyName }) => propertyName)))

    const compiles = (_fields: OwnFields<Organization & { region: string }>) => true
    // @ts-expect-error: Property 'region' is missing.
    expect(compiles(ownFields)).toBe(true)
    expect(compiles({ ...ownFields, region: { wire: null, imported: null } })).toBe(true)
  })

  it('has exactly the settings that the DTO validates', () => {
    expect([...settingNames].sort()).toEqual([...shapeOf(UpdateOrganization).fields].sort())
  })
})
