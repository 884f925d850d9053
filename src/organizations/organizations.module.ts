import { Module } from '@nestjs/common'
import { TypeOrmModule } from '@nestjs/typeorm'
import { MembersModule } from '../members/index.js'
import { ProjectsModule } from '../projects/index.js'
import { Organization } from './organization.entity.js'
import { OrganizationsPurge } from './organizations-purge.js'
import { OrganizationsController } from './organizations.controller.js'
import { OrganizationsService } from './organizations.service.js'

@Module({
  imports: [TypeOrmModule.forFeature([Organization]), MembersModule, ProjectsModule],
  controllers: [OrganizationsController],
  providers: [OrganizationsService, OrganizationsPurge],
  exports: [OrganizationsService, OrganizationsPurge],
})
export class OrganizationsModule {}
