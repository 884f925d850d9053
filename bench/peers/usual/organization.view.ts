import type { Integration, Organization, Project } from './entities.ts'

const names = {
  organizations_projects: 'Multiple projects',
  organization_invite_settings: 'Invite settings',
  organization_security_settings: 'Security settings',
  '2fa_enforcement': 'Two-factor enforcement',
  automatic_provisioning: 'Automatic provisioning',
  audit_logs: 'Activity log',
  role_based_access: 'Role-based access',
}
const features = Object.entries(names).map(([key, name]) => ({
  key,
  name,
  description: null,
  unit: null,
  limit: null,
  note: null,
  is_plan_default: true,
}))

/** The organization, loaded with its projects and its members, as `userId` sees it. */
export function toView(
  { memberships, projects, deletion_requested_at, ...organization }: Organization,
  userId: number,
) {
  return {
    ...organization,
    membership_level: memberships.find(({ user_id }) => user_id === userId)?.level ?? null,
    plugins_access_level: 9,
    teams: projects.map(toTeam),
    projects: projects.map(({ id, organization_id, name }) => ({ id, organization_id, name })),
    available_product_features: features,
    metadata: { instance_tag: 'none' },
    member_count: memberships.filter(({ user }) => user.is_active).length,
    is_pending_deletion: deletion_requested_at !== null,
  }
}

const toTeam = ({ organization_id, ...project }: Project) => ({
  ...project,
  organization: organization_id,
  project_id: project.id,
})

export const toIntegrationView = ({ organization_id: _, created_by, ...integration }: Integration) => ({
  ...integration,
  created_by: created_by && {
    id: created_by.id,
    uuid: created_by.uuid,
    distinct_id: created_by.distinct_id,
    first_name: created_by.first_name,
    last_name: created_by.last_name,
    email: created_by.email,
    is_email_verified: created_by.is_email_verified,
    hedgehog_config: null,
    role_at_organization: created_by.role_at_organization,
  },
})
