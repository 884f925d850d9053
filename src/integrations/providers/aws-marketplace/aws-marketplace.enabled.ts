import { type CanActivate, Injectable } from '@nestjs/common'
import { endpointNotFound } from '../../../platform/http/http.errors.js'
import { AwsMarketplaceSettings } from './aws-marketplace.settings.js'

/** Lets nobody see the routes of a server that sells nothing in AWS Marketplace. */
@Injectable()
export class AwsMarketplaceEnabled implements CanActivate {
  constructor(private readonly settings: AwsMarketplaceSettings) {}

  /** @throws {ApiError} 404, as for a route that does not exist */
  canActivate(): boolean {
    if (!this.settings.enabled) throw endpointNotFound()
    return true
  }
}
