/** What went wrong with a call to another system, in words that may be shown: a host and a cause, never a URL or a body. */
export class OutboundError extends Error {
  constructor(
    readonly host: string,
    readonly outcome: 'refused_address' | 'unreachable' | 'timeout' | 'too_large' | 'circuit_open',
    sentence: string,
  ) {
    super(`${host} ${sentence}.`)
    this.name = 'OutboundError'
  }
}

/** The address that a name resolved to is not one of the public internet. */
export class PrivateAddress extends Error {}
