import { Injectable } from '@nestjs/common'
import { Outbound, ProviderError, StartError } from 'polity'
import { z } from 'zod'

const workspaceAnswer = z.object({ status: z.enum(['active', 'suspended']) })

/** Acme does not accept the token for the workspace. */
export class AcmeRefusal extends ProviderError {}

/** Acme's API, at `ACME_API_URL`; default: https://api.acme.example. */
@Injectable()
export class AcmeApi {
  private readonly url: string

  /** @throws {StartError} for an address that is none, as soon as the server starts */
  constructor(private readonly outbound: Outbound) {
    const url = z
      .url({ protocol: /^https?$/ })
      .default('https://api.acme.example')
      .safeParse(process.env.ACME_API_URL || undefined)
    if (!url.success) throw new StartError('The environment variable ACME_API_URL is not the URL of an API.')
    this.url = url.data.replace(/(?<!\/)\/+$/, '')
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
