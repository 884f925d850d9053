import type { MigrationInterface, QueryRunner } from 'typeorm'

/**
 * Puts the name of a project beside its key, so that a search reads the index and not the rows of every project.
 * Locks: `projects` and `project_integrations` exclusively while the index is built and the references are checked again, which takes
 * seconds for each million projects.
 */
export class ProjectNames1765400000000 implements MigrationInterface {
  readonly name = 'ProjectNames1765400000000'

  async up(runner: QueryRunner): Promise<void> {
    await replaceKey(runner, 'include (name)')
  }

  async down(runner: QueryRunner): Promise<void> {
    await replaceKey(runner, '')
  }
}

async function replaceKey(runner: QueryRunner, include: string): Promise<void> {
  await runner.query(
    'alter table project_integrations drop constraint project_integrations_organization_id_project_id_fkey',
  )
  await runner.query(`
    alter table projects
      drop constraint projects_pkey,
      add constraint projects_pkey primary key (organization_id, id) ${include}`)
  await runner.query(`
    alter table project_integrations
      add constraint project_integrations_organization_id_project_id_fkey
        foreign key (organization_id, project_id) references projects (organization_id, id)
        on update cascade on delete cascade`)
}
