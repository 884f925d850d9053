import { StringField } from '../../../platform/http/fields.js'

/** The form that the buyer’s browser posts when it comes from AWS Marketplace. */
export class RegistrationForm {
  @StringField({
    required: true,
    maxLength: 10_000,
    description: 'The registration token of AWS Marketplace.',
    example: 'PDVpkRQ8Zg2rm',
  })
  'x-amzn-marketplace-token'!: string
}

export class RegistrationClaim {
  @StringField({
    required: true,
    maxLength: 100,
    description: 'The `registration` from the URL of the claim page. It works once, for seven days.',
    example: 'Yt6cJ3b0wXzqkq0Z8i1uUuVbTt1mQp4n',
  })
  registration!: string
}
