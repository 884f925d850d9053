const features = Object.entries({
  organizations_projects: 'Multiple projects',
  organization_invite_settings: 'Invite settings',
  organization_security_settings: 'Security settings',
  '2fa_enforcement': 'Two-factor enforcement',
  automatic_provisioning: 'Automatic provisioning',
  audit_logs: 'Activity log',
  role_based_access: 'Role-based access',
}).map(([key, name]) => ({ key, name, description: null, unit: null, limit: null, note: null, is_plan_default: true }))

const metadata = { instance_tag: 'none' }

/** A row of the statements `one` and `page` as the wire has it. */
export const organizationView = (row) => ({
  id: row.id,
  name: row.name,
  slug: row.slug,
  logo_media_id: row.logo_media_id,
  created_at: row.created_at,
  updated_at: row.updated_at,
  membership_level: row.membership_level,
  plugins_access_level: 9,
  teams: row.teams,
  projects: row.teams.map(({ id, organization, name }) => ({ id, organization_id: organization, name })),
  available_product_features: features,
  is_member_join_email_enabled: row.is_member_join_email_enabled,
  metadata,
  customer_id: row.customer_id,
  enforce_2fa: row.enforce_2fa,
  members_can_invite: row.members_can_invite,
  members_can_create_projects: row.members_can_create_projects,
  members_can_use_personal_api_keys: row.members_can_use_personal_api_keys,
  allow_publicly_shared_resources: row.allow_publicly_shared_resources,
  member_count: row.member_count,
  is_ai_data_processing_approved: row.is_ai_data_processing_approved,
  default_experiment_stats_method: row.default_experiment_stats_method,
  default_anonymize_ips: row.default_anonymize_ips,
  default_role_id: row.default_role_id,
  is_active: row.is_active,
  is_not_active_reason: row.is_not_active_reason,
  is_pending_deletion: row.is_pending_deletion,
})

export const invalidKey = {
  type: 'authentication_error',
  code: 'authentication_failed',
  detail: 'Personal API key found in request Authorization header is invalid.',
  attr: null,
}

export const notFound = { type: 'invalid_request', code: 'not_found', detail: 'Not found.', attr: null }
export const organizationNotFound = { ...notFound, detail: 'Organization not found.' }
