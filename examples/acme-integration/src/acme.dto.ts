import { StringField } from 'polity'

/** What an admin enters to connect a workspace. */
export class ConnectAcme {
  @StringField({ required: true, maxLength: 64, description: 'The name of the workspace.', example: 'rockets' })
  workspace!: string

  @StringField({ required: true, maxLength: 200, description: 'An API token of the workspace.' })
  token!: string
}
