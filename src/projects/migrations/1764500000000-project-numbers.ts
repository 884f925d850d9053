import type { MigrationInterface, QueryRunner } from 'typeorm'

/**
 * A project's number is one organization's only. Where two have the same, the project that was made first keeps it and
 * the others get new ones, with what refers to them.
 * Locks: `projects` and `project_integrations` exclusively while the index is built, a second for each million projects.
 */
export class ProjectNumbers1764500000000 implements MigrationInterface {
  readonly name = 'ProjectNumbers1764500000000'

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table project_integrations
        drop constraint project_integrations_organization_id_project_id_fkey,
        add constraint project_integrations_organization_id_project_id_fkey
          foreign key (organization_id, project_id) references projects on update cascade on delete cascade`)
    await runner.query(
      `select setval('project_ids', max(id)) from projects having max(id) > (select last_value from project_ids)`,
    )
    await runner.query(`
      with taken as (
        select organization_id, id, row_number() over (partition by id order by created_at, organization_id) as place
        from projects
      ), renumbered as materialized (
        select organization_id, id, nextval('project_ids')::integer as new_id from taken where place > 1
      ), users_moved as (
        update users u set current_project_id = r.new_id from renumbered r
        where u.current_organization_id = r.organization_id and u.current_project_id = r.id
      ), environments_moved as (
        update organization_integrations i set config = jsonb_set(config, '{environment_mapping}', (
          select jsonb_object_agg(m.key, coalesce(to_jsonb(r.new_id), m.value))
          from jsonb_each(i.config->'environment_mapping') m
          left join renumbered r on r.organization_id = i.organization_id and to_jsonb(r.id) = m.value
        ))
        where organization_id in (select organization_id from renumbered) and config ? 'environment_mapping'
      )
      update projects p set id = r.new_id from renumbered r where p.organization_id = r.organization_id and p.id = r.id`)
    await runner.query('create unique index projects_id on projects (id)')
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index projects_id')
    await runner.query(`
      alter table project_integrations
        drop constraint project_integrations_organization_id_project_id_fkey,
        add constraint project_integrations_organization_id_project_id_fkey
          foreign key (organization_id, project_id) references projects on delete cascade`)
  }
}
