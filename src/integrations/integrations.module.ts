import { Module } from '@nestjs/common'
import { TypeOrmModule } from '@nestjs/typeorm'
import { IntegrationsController } from './integrations.controller.js'
import { IntegrationsService } from './integrations.service.js'
import { OrganizationIntegration } from './organization-integration.entity.js'

@Module({
  imports: [TypeOrmModule.forFeature([OrganizationIntegration])],
  controllers: [IntegrationsController],
  providers: [IntegrationsService],
  exports: [IntegrationsService],
})
export class IntegrationsModule {}
