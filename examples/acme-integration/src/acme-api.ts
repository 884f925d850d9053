import { Injectable } from '@nestjs/common'
import { Config, Outbound, ProviderError } from 'polity'
import { z } from 'zod'
import { acmeSettings } from './acme.settings.js'

const workspaceAnswer = z.object({ status: z.enum(['active', 'suspended']) })

/** Acme does not accept the token for the workspace. */
export class AcmeRefusal extends ProviderError {}

/** Acme's API, at `ACME_API_URL`. */
@Injectable()
export class AcmeApi {
  private readonly url: string

  constructor(
    private readonly outbound: Outbound,
    config: Config,
  ) {
    this.url = config.of(acmeSettings).ACME_API_URL
  }

  /** @throws {AcmeRefusal} @throws {ProviderError} @throws {OutboundError} */
  async workspace(workspace: string, token: string): Promise<z.infer<typeof workspaceAnswer>> {
    return this.understood(await this.call('GET', `/workspaces/${encodeURIComponent(workspace)}`, token))
  }

  /** Makes the connection at Acme what `connection` says, whatever it was. */
  async putConnection(workspace: string, token: string, connection: object): Promise<void> {
    const path = `/workspaces/${encodeURIComponent(workspace)}/connection`
    await this.understood(await this.call('PUT', path, token, connection))
  }

  /** Ends the connection at Acme, where there is one. */
  async deleteConnection(workspace: string, token: string): Promise<void> {
    await this.call('DELETE', `/workspaces/${encodeURIComponent(workspace)}/connection`, token, undefined, [404])
  }

  private async call(
    method: string,
    path: string,
    token: string,
    body?: object,
    alsoWell: readonly number[] = [],
  ): Promise<Response> {
    const response = await this.outbound.fetch(this.url + path, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body ? { 'content-type': 'application/json' } : {}) },
      body: body && JSON.stringify(body),
    })
    if (response.ok || alsoWell.includes(response.status)) return response
    if ([401, 403, 404].includes(response.status))
      throw new AcmeRefusal('Acme no longer accepts the token: connect the workspace again with a new one.')
    throw new ProviderError(`Acme answered ${response.status}.`)
  }

  private async understood(response: Response): Promise<z.infer<typeof workspaceAnswer>> {
    const answer = workspaceAnswer.safeParse(await response.json().catch(() => undefined))
    if (!answer.success) throw new ProviderError('Acme answered something that is not understood.')
    return answer.data
  }
}
