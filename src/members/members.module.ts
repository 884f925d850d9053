import { Module } from '@nestjs/common'
import { TypeOrmModule } from '@nestjs/typeorm'
import { MembersService } from './members.service.js'
import { OrganizationMembership } from './organization-membership.entity.js'

@Module({
  imports: [TypeOrmModule.forFeature([OrganizationMembership])],
  providers: [MembersService],
  exports: [MembersService],
})
export class MembersModule {}
