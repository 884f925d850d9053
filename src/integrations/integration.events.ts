import { z } from 'zod'
import { defineEvent } from '../platform/events/define-event.js'

const integration = z.strictObject({
  kind: z.string(),
  integration_id: z.string().nullable().describe('Its id at the provider'),
})

export const integrationInstalled = defineEvent(
  'organization_integration.installed',
  'An integration was connected by a flow of its provider.',
  integration,
)

export const integrationConfigured = defineEvent(
  'organization_integration.configured',
  'What an integration holds changed.',
  integration.extend({ told: z.boolean().describe('Whether its provider is told') }),
)

export const integrationRemoved = defineEvent(
  'organization_integration.removed',
  'An integration is gone from here, with the project-level integrations of its kind.',
  integration,
)

export const integrationPurged = defineEvent(
  'organization_integration.purged',
  'An integration went with its organization, and its provider is told.',
  integration.extend({ bought: z.boolean() }),
)

export const environmentsMapped = defineEvent(
  'organization_integration.environments_mapped',
  'An admin said which projects serve the environments of an integration.',
  z.strictObject({ environment_mapping: z.record(z.string(), z.int()) }),
)

const ofProject = z.strictObject({ kind: z.string(), project_id: z.int() })

export const projectConnected = defineEvent(
  'project_integration.connected',
  'A project was connected to an integration of its organization.',
  ofProject,
)

export const projectConfigured = defineEvent(
  'project_integration.configured',
  'What a project holds of an integration changed.',
  ofProject,
)

export const projectDisconnected = defineEvent(
  'project_integration.disconnected',
  'A project is not connected any more, and stays with its data.',
  ofProject,
)
