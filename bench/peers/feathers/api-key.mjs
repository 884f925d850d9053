import { AuthenticationBaseStrategy, AuthenticationService } from '@feathersjs/authentication'
import { NotAuthenticated } from '@feathersjs/errors'
import { createHash } from 'node:crypto'

/** A strategy of one's own, as the documentation's recipe for API keys has it. */
class ApiKeyStrategy extends AuthenticationBaseStrategy {
  async parse(request) {
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1]
    return token ? { strategy: this.name, token } : null
  }

  async authenticate({ token }) {
    const secure_value = `sha256$${createHash('sha256').update(token).digest('hex')}`
    const [key] = await this.app.service('keys').find({ query: { secure_value, $limit: 1 }, paginate: false })
    if (!key || (key.expires_at && key.expires_at < new Date())) throw new NotAuthenticated('Invalid API key')
    const user = await this.app.service('users').get(key.user_id)
    if (!user.is_active) throw new NotAuthenticated('Invalid API key')
    return { authentication: { strategy: this.name }, user }
  }
}

export function useApiKeys(app) {
  app.set('authentication', {
    entity: null,
    secret: 'not used: no tokens are made',
    authStrategies: ['apiKey'],
    parseStrategies: ['apiKey'],
  })
  const authentication = new AuthenticationService(app)
  authentication.register('apiKey', new ApiKeyStrategy())
  app.use('authentication', authentication)
}
