import { createHash, createHmac, createSign, randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { generate } from 'selfsigned'

export const credentials = { AWS_ACCESS_KEY_ID: 'AKIDPLANTED', AWS_SECRET_ACCESS_KEY: 'planted-aws-secret' }

/** How AWS fails, when it does. */
export type Failure = '500' | 'malformed JSON' | 'nonsense' | 'connection reset' | 'silence' | '10 MB' | 'throttling'

export interface Customer {
  CustomerIdentifier?: string
  CustomerAWSAccountId: string
  ProductCode: string
  LicenseArn?: string
}

interface Keys {
  private: string
  cert: string
}

/** What the two services are asked. */
interface Asked {
  RegistrationToken: string
  Filter: { CUSTOMER_AWS_ACCOUNT_ID: [string] }
  NextToken?: string
}

type Fields = Record<string, string | undefined>

const hash = (text: string) => createHash('sha256').update(text).digest('hex')
const mac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()

/** AWS Marketplace and Amazon SNS, on a port of this machine: AWS JSON 1.1 with Signature Version 4, and signed messages. */
export class FakeAws {
  /** What each registration token stands for; the name of an error for one that AWS refuses. */
  readonly customers = new Map<string, Customer | { error: string; message: string }>()
  /** The pages of entitlements that each AWS account has. */
  readonly entitlements = new Map<string, object[][]>()
  /** What was asked, in order: `GetEntitlements`, or the path of a GET. */
  readonly asked: { what: string; body?: Record<string, unknown> }[] = []
  readonly topic = 'arn:aws:sns:us-east-1:287250355862:aws-mp-subscription-notification-test'
  failure?: Failure
  url!: string
  private server!: Server
  private readonly certificates = new Map<string, string>()
  private readonly keys = new Map<string, string>()

  async start(): Promise<void> {
    this.server = createServer((request, response) => void this.answer(request, response))
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve))
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`
    await this.certificate('current')
    await this.certificate('expired', { notBeforeDate: new Date('2020-01-01'), notAfterDate: new Date('2021-01-01') })
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections()
    await new Promise((resolve) => this.server.close(resolve))
  }

  get environment(): Record<string, string> {
    return {
      AWS_MARKETPLACE_PRODUCT_CODES: 'prod-a, prod-b',
      AWS_MARKETPLACE_CLAIM_URL: 'https://app.example.com/claim?from=aws',
      AWS_MARKETPLACE_TOPIC_ARNS: this.topic,
      AWS_MARKETPLACE_METERING_ENDPOINT: this.url,
      AWS_MARKETPLACE_ENTITLEMENT_ENDPOINT: this.url,
      AWS_SNS_ENDPOINT: this.url,
      OUTBOUND_TIMEOUT_MS: '700',
    }
  }

  /** A message as SNS posts it, its signature made last: what is undefined among `fields` is left out. */
  message(message: object | string, fields: Fields = {}, { signWith = 'current' } = {}): Fields {
    const unsigned: Fields = {
      Type: 'Notification',
      MessageId: randomUUID(),
      TopicArn: this.topic,
      Message: typeof message === 'string' ? message : JSON.stringify(message),
      Timestamp: new Date().toISOString(),
      SignatureVersion: '2',
      SigningCertURL: this.certificateUrl(signWith),
      UnsubscribeURL: `${this.url}/?Action=Unsubscribe`,
      ...fields,
    }
    const signed = ['Message', 'MessageId', 'Subject', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type']
    const text = signed.flatMap((name) => (unsigned[name] === undefined ? [] : `${name}\n${unsigned[name]}\n`)).join('')
    const signer = createSign(unsigned.SignatureVersion === '1' ? 'RSA-SHA1' : 'RSA-SHA256').update(text)
    return { ...unsigned, Signature: signer.sign(this.keys.get(signWith)!, 'base64') }
  }

  certificateUrl = (name: string): string => `${this.url}/SimpleNotificationService-${name}.pem`

  private async certificate(name: string, dates: { notBeforeDate?: Date; notAfterDate?: Date } = {}): Promise<void> {
    const made: Keys = await generate([{ name: 'commonName', value: 'sns.amazonaws.com' }], { keySize: 2048, ...dates })
    this.certificates.set(`/SimpleNotificationService-${name}.pem`, made.cert)
    this.keys.set(name, made.private)
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks).toString()
    const what = request.method === 'GET' ? request.url! : String(request.headers['x-amz-target'])
    this.asked.push({ what, ...(body ? { body: JSON.parse(body) } : {}) })
    if (this.failure) return this.fail(this.failure, request, response)
    if (request.method === 'GET') {
      const certificate = this.certificates.get(request.url!)
      const confirmed = request.url!.startsWith('/?Action=ConfirmSubscription')
      response.writeHead(certificate || confirmed ? 200 : 404).end(certificate ?? '<ConfirmSubscriptionResponse/>')
      return
    }
    const [status, answer] = isSigned(request, body)
      ? this.marketplace(what, JSON.parse(body))
      : error('InvalidSignatureException', 'The request signature we calculated does not match.')
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': randomUUID() })
    response.end(JSON.stringify(answer))
  }

  private marketplace(what: string, body: Asked): [number, object] {
    if (what === 'AWSMPMeteringService.ResolveCustomer') {
      const customer = this.customers.get(body.RegistrationToken)
      if (!customer) return error('InvalidTokenException', 'Registration token is invalid')
      return 'error' in customer ? error(customer.error, customer.message) : [200, customer]
    }
    if (what === 'AWSMPEntitlementService.GetEntitlements') {
      const [account] = body.Filter.CUSTOMER_AWS_ACCOUNT_ID
      const pages = this.entitlements.get(account) ?? [[]]
      const page = Number(body.NextToken ?? 0)
      const next = page + 1 < pages.length ? { NextToken: String(page + 1) } : {}
      return [200, { Entitlements: pages[page], ...next }]
    }
    return error('UnknownOperationException', what)
  }

  private fail(failure: Failure, request: IncomingMessage, response: ServerResponse): void {
    const json = { 'content-type': 'application/x-amz-json-1.1' }
    if (failure === '500') response.writeHead(500, json).end('{"__type": "InternalServiceErrorException"}')
    if (failure === 'malformed JSON') response.writeHead(200, json).end('{"Entitlements": [{"planted-answer"')
    if (failure === 'nonsense') response.writeHead(200, json).end('{"Entitlements": "none", "ProductCode": [1]}')
    if (failure === 'connection reset') request.socket.resetAndDestroy()
    if (failure === '10 MB') response.writeHead(200, json).end(`{"Entitlements": "${'x'.repeat(10_485_760)}"}`)
    if (failure === 'throttling')
      response.writeHead(400, json).end('{"__type": "ThrottlingException", "message": "slow"}')
  }
}

const error = (type: string, message: string): [number, object] => [400, { __type: type, message }]

/** AWS Signature Version 4: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
function isSigned({ method, url, headers }: IncomingMessage, body: string): boolean {
  const form = /Credential=([^/]+)\/([^,]+), SignedHeaders=([^,]+), Signature=(\w+)/
  const [, key, scope, names, signature] = form.exec(headers.authorization ?? '') ?? []
  if (key !== credentials.AWS_ACCESS_KEY_ID) return false
  const lines = names!.split(';').map((name) => `${name}:${String(headers[name]).trim()}`)
  const request = [method, url, '', ...lines, '', names, hash(body)].join('\n')
  const text = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, hash(request)].join('\n')
  const seed: string | Buffer = `AWS4${credentials.AWS_SECRET_ACCESS_KEY}`
  return mac(scope!.split('/').reduce<string | Buffer>(mac, seed), text).toString('hex') === signature
}
