import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Put } from '@nestjs/common'
import { ApiExcludeController } from '@nestjs/swagger'
import { productNotFound } from './vercel.errors.js'
import type { Actor } from '../../../platform/events/domain-event.js'
import { ActingVercel } from './vercel-actor.js'
import { VercelInstallations } from './vercel-installations.service.js'
import {
  updateInstallation,
  type UpdateInstallation,
  upsertInstallation,
  type UpsertInstallation,
} from './vercel-payload.js'
import { type BillingPlan, VercelSetup } from './vercel-setup.js'
import { CurrentVercelClaims, VercelToken } from './vercel-token.guard.js'
import type { VercelClaims } from './vercel-tokens.js'

/** What Vercel's marketplace calls. Source: vercel.com/docs/integrations/create-integration/marketplace-api/reference/partner */
@ApiExcludeController()
@Controller('api/vercel/v1')
export class VercelInstallationsController {
  constructor(
    private readonly installations: VercelInstallations,
    private readonly settings: VercelSetup,
  ) {}

  @Put('installations/:installationId')
  @HttpCode(204)
  @VercelToken('user')
  async upsert(
    @Param('installationId') id: string,
    @Body({ schema: upsertInstallation }) installation: UpsertInstallation,
    @CurrentVercelClaims() claims: VercelClaims,
    @ActingVercel() by: Actor,
  ): Promise<void> {
    await this.installations.upsert(id, installation, claims, by)
  }

  @Get('installations/:installationId')
  @VercelToken('system')
  retrieve(@Param('installationId') id: string): Promise<{ billingPlan: BillingPlan }> {
    return this.installations.retrieve(id)
  }

  @Patch('installations/:installationId')
  @HttpCode(204)
  @VercelToken('user')
  choosePlan(
    @ActingVercel() by: Actor,
    @Param('installationId') id: string,
    @Body({ schema: updateInstallation }) { billingPlanId }: UpdateInstallation,
  ): Promise<void> {
    return this.installations.choosePlan(by, id, billingPlanId)
  }

  @Delete('installations/:installationId')
  @VercelToken('user', 'system')
  remove(@ActingVercel() by: Actor, @Param('installationId') id: string): Promise<{ finalized: true }> {
    return this.installations.remove(by, id)
  }

  @Get('installations/:installationId/plans')
  @VercelToken('system')
  async plans(@Param('installationId') id: string): Promise<{ plans: readonly BillingPlan[] }> {
    await this.installations.existing(id)
    return { plans: this.settings.plans }
  }

  @Get('products/:slug/plans')
  @VercelToken('system')
  productPlans(@Param('slug') slug: string): { plans: readonly BillingPlan[] } {
    if (slug !== this.settings.product) throw productNotFound()
    return { plans: this.settings.plans }
  }
}
