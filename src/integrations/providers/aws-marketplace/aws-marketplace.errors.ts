import { defineError } from '../../../platform/http/error-catalogue.js'

export const refusedRegistrationToken = defineError({
  status: 400,
  type: 'validation_error',
  code: 'invalid_input',
  attr: 'x-amzn-marketplace-token',
  detail:
    'AWS Marketplace does not accept this registration token, or it has expired. Open the product in AWS Marketplace and choose "Set up your account" again.',
})

export const unknownProduct = defineError({
  status: 400,
  type: 'validation_error',
  code: 'invalid_input',
  attr: 'x-amzn-marketplace-token',
  detail: 'This product of AWS Marketplace is not sold here. Ask its seller where to set up your account.',
})

export const unusableRegistration = defineError({
  status: 400,
  type: 'validation_error',
  code: 'invalid_input',
  attr: 'registration',
  detail:
    'This registration was claimed already or has expired. Open the product in AWS Marketplace and choose "Set up your account" again.',
})

export const unverifiedNotification = defineError({
  status: 403,
  type: 'authentication_error',
  code: 'permission_denied',
  detail: 'This is not a recent message that Amazon SNS signed for a topic of this server.',
})

export const awsMarketplaceUnavailable = defineError({
  status: 503,
  type: 'server_error',
  code: 'aws_marketplace_unavailable',
  detail: 'AWS Marketplace does not answer at the moment. Nothing was changed; try again later.',
})
