import { Body, Controller, HttpCode, Post, Res, UseGuards } from '@nestjs/common'
import { ApiConsumes, ApiCreatedResponse, ApiExcludeEndpoint, ApiOkResponse } from '@nestjs/swagger'
import { ApiOperation, ApiResponse } from '@nestjs/swagger'
import type { FastifyReply } from 'fastify'
import {
  CurrentCaller,
  GuardedBy,
  MembershipLevel,
  type OrganizationCaller,
  Public,
  RequiresScope,
} from '../../../access/index.js'
import { ApiErrors } from '../../../platform/http/api-errors.js'
import { ApiResource } from '../../../platform/http/api-resource.js'
import { JsonAsText } from '../../../platform/http/body.js'
import { fieldError } from '../../../platform/http/validation.errors.js'
import { IntegrationView } from '../../integration.dto.js'
import { IntegrationsService } from '../../integrations.service.js'
import { type Onward, PrivateRedirect } from '../../private-redirect.js'
import { RegistrationClaim, RegistrationForm } from './aws-marketplace.dto.js'
import {
  awsMarketplaceUnavailable,
  refusedRegistrationToken,
  unknownProduct,
  unusableRegistration,
} from './aws-marketplace.errors.js'
import { AwsMarketplaceNotifications } from './aws-marketplace-notifications.js'
import { AwsMarketplaceRegistrations } from './aws-marketplace-registrations.js'
import { CountedByAddress } from './counted-by-address.js'
import type { SnsMessage } from './sns-message.js'
import { SignedSnsMessage, SnsSignatureGuard } from './sns-signature.guard.js'

/** Called by the buyer’s browser and by Amazon SNS. */
@ApiResource('aws-marketplace', 'Purchases in AWS Marketplace, and the organizations that claim them.')
@Controller('api/aws-marketplace')
export class AwsMarketplaceController {
  constructor(
    private readonly registrations: AwsMarketplaceRegistrations,
    private readonly notifications: AwsMarketplaceNotifications,
  ) {}

  @Post('register')
  @Public()
  @UseGuards(CountedByAddress)
  // The redirect’s URL holds the token that claims the purchase.
  @PrivateRedirect()
  @ApiOperation({ operationId: 'aws_marketplace_register', summary: 'Receive a buyer from AWS Marketplace' })
  @ApiConsumes('application/x-www-form-urlencoded')
  @ApiResponse({ status: 303, description: 'To the page where the purchase is claimed.' })
  @ApiErrors(
    fieldError('x-amzn-marketplace-token', { constraint: 'required' }),
    refusedRegistrationToken(),
    unknownProduct(),
    awsMarketplaceUnavailable(),
  )
  async register(@Body() form: RegistrationForm): Promise<Onward> {
    return { url: await this.registrations.register(form['x-amzn-marketplace-token']), statusCode: 303 }
  }

  @Post('sns')
  @GuardedBy(SnsSignatureGuard)
  @JsonAsText()
  @HttpCode(200)
  @ApiExcludeEndpoint()
  hear(@SignedSnsMessage() message: SnsMessage): Promise<void> {
    return this.notifications.hear(message)
  }
}

/** Called by an owner, with the link that the buyer’s browser was given. */
@ApiResource('aws-marketplace', 'Purchases in AWS Marketplace, and the organizations that claim them.')
@Controller('api/organizations/:organization_id/integrations/aws-marketplace')
export class AwsMarketplaceClaimController {
  constructor(
    private readonly registrations: AwsMarketplaceRegistrations,
    private readonly integrations: IntegrationsService,
  ) {}

  @Post('claim')
  @RequiresScope('organization_integration:write', { level: MembershipLevel.Owner })
  @ApiOperation({
    operationId: 'organizations_integrations_aws_marketplace_claim_create',
    summary: 'Claim a purchase of AWS Marketplace',
  })
  @ApiCreatedResponse({ type: IntegrationView })
  @ApiOkResponse({ type: IntegrationView, description: 'The organization already had it; it was updated.' })
  @ApiErrors(fieldError('registration', { constraint: 'required' }), unusableRegistration())
  async claim(
    @CurrentCaller() caller: OrganizationCaller,
    @Body() { registration }: RegistrationClaim,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<IntegrationView> {
    const { id, created } = await this.registrations.claim(caller, registration)
    if (!created) void reply.status(200)
    return this.integrations.retrieve(caller, id)
  }
}
