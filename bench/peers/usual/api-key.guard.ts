import {
  type CanActivate,
  createParamDecorator,
  type ExecutionContext,
  Injectable,
  UnauthorizedException,
} from '@nestjs/common'
import { InjectRepository } from '@nestjs/typeorm'
import { createHash } from 'node:crypto'
import { Repository } from 'typeorm'
import { PersonalApiKey } from './entities.ts'

/** The signed-in user of the request. */
export const CurrentUser = createParamDecorator(
  (_data: unknown, context: ExecutionContext) => context.switchToHttp().getRequest().user,
)

@Injectable()
export class ApiKeyGuard implements CanActivate {
  constructor(@InjectRepository(PersonalApiKey) private readonly keys: Repository<PersonalApiKey>) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest()
    const [type, value] = request.headers.authorization?.split(' ') ?? []
    if (type !== 'Bearer') throw new UnauthorizedException()
    const secure_value = `sha256$${createHash('sha256').update(value).digest('hex')}`
    const key = await this.keys.findOne({ where: { secure_value }, relations: { user: true } })
    if (!key?.user.is_active || (key.expires_at && key.expires_at < new Date())) throw new UnauthorizedException()
    request.user = key.user
    return true
  }
}
