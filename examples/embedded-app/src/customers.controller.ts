import { Body, Controller, Get, Headers, Post, UnauthorizedException } from '@nestjs/common'
import { IsEmail, IsNotEmpty } from 'class-validator'
import { OrganizationsService, systemActor, UsersService } from 'polity'
import { DataSource } from 'typeorm'
import { Customer } from './customer.entity.js'
import { Tokens } from './tokens.js'

export class SignUp {
  @IsEmail() email!: string
  @IsNotEmpty() company!: string
}

/** This application's own routes. Polity's services are injected like any other. */
@Controller('customers')
export class CustomersController {
  constructor(
    private readonly database: DataSource,
    private readonly tokens: Tokens,
    private readonly users: UsersService,
    private readonly organizations: OrganizationsService,
  ) {}

  /** Makes the customer here, and the organization of their company in Polity. */
  @Post()
  async signUp(@Body() { email, company }: SignUp): Promise<{ token: string }> {
    const customer = await this.database.manager.save(Object.assign(new Customer(), { email, company }))
    const user = await this.users.findOrCreate(systemActor('sign-up'), { email, first_name: email, last_name: '' })
    await this.organizations.create({ ...systemActor('sign-up'), user }, { name: company })
    return { token: await this.tokens.issue(customer) }
  }

  @Get('me')
  async me(@Headers('authorization') authorization = ''): Promise<Customer> {
    const claims = await this.tokens.verified(authorization.replace('Bearer ', ''))
    if (!claims) throw new UnauthorizedException()
    return this.database.manager.findOneByOrFail(Customer, { id: claims.sub })
  }
}
