import { Body, Controller, Delete, Get, Headers, HttpCode, Param, Patch, Post } from '@nestjs/common'
import { ApiExcludeController } from '@nestjs/swagger'
import type { Actor } from '../../../platform/events/domain-event.js'
import { ActingVercel } from './vercel-actor.js'
import { createResource, type CreateResource, updateResource, type UpdateResource } from './vercel-payload.js'
import type { VercelResource } from './vercel-resource.js'
import { VercelResources } from './vercel-resources.service.js'
import type { BillingPlan } from './vercel-setup.js'
import { VercelToken } from './vercel-token.guard.js'

/** Resources, as Vercel's marketplace calls for them. */
@ApiExcludeController()
@Controller('api/vercel/v1/installations/:installationId/resources')
export class VercelResourcesController {
  constructor(private readonly resources: VercelResources) {}

  @Post()
  @HttpCode(200)
  @VercelToken('user')
  create(
    @ActingVercel() by: Actor,
    @Param('installationId') installationId: string,
    @Body({ schema: createResource }) payload: CreateResource,
    @Headers('idempotency-key') idempotencyKey?: string,
  ): Promise<VercelResource> {
    return this.resources.create(by, installationId, payload, idempotencyKey)
  }

  @Get(':resourceId')
  @VercelToken('user', 'system')
  retrieve(@Param('installationId') installationId: string, @Param('resourceId') id: string): Promise<VercelResource> {
    return this.resources.retrieve(installationId, id)
  }

  @Patch(':resourceId')
  @VercelToken('user')
  update(
    @ActingVercel() by: Actor,
    @Param('installationId') installationId: string,
    @Param('resourceId') id: string,
    @Body({ schema: updateResource }) payload: UpdateResource,
  ): Promise<VercelResource> {
    return this.resources.update(by, installationId, id, payload)
  }

  @Delete(':resourceId')
  @HttpCode(204)
  @VercelToken('user', 'system')
  remove(
    @ActingVercel() by: Actor,
    @Param('installationId') installationId: string,
    @Param('resourceId') id: string,
  ): Promise<void> {
    return this.resources.remove(by, installationId, id)
  }

  @Get(':resourceId/plans')
  @VercelToken('user', 'system')
  plans(
    @Param('installationId') installationId: string,
    @Param('resourceId') id: string,
  ): Promise<{ plans: readonly BillingPlan[] }> {
    return this.resources.plans(installationId, id)
  }

  @Post(':resourceId/secrets/rotate')
  @HttpCode(200)
  @VercelToken('user', 'system')
  rotateSecrets(
    @ActingVercel() by: Actor,
    @Param('installationId') installationId: string,
    @Param('resourceId') id: string,
  ) {
    return this.resources.rotateSecrets(by, installationId, id)
  }
}
