import { type DynamicModule, Module } from '@nestjs/common'
import { TypeOrmModule } from '@nestjs/typeorm'
import { PolityModule } from 'polity'
import { AppInPolityModule } from './app-in-polity.module.js'
import { Customer } from './customer.entity.js'
import { CustomersController } from './customers.controller.js'
import { TokensModule } from './tokens.module.js'
import { Tokens } from './tokens.js'

@Module({})
export class AppModule {
  static with(databaseUrl: string, encryptionKeys: string): DynamicModule {
    return {
      module: AppModule,
      imports: [
        TokensModule,
        TypeOrmModule.forRoot({ type: 'postgres', url: databaseUrl, entities: [Customer], synchronize: true }),
        PolityModule.forRootAsync({
          imports: [TokensModule],
          inject: [Tokens],
          useFactory: (tokens: Tokens) => ({
            databaseUrl,
            schema: 'platform',
            prefix: '/platform',
            plugins: [AppInPolityModule.with(tokens)],
            settings: { INTEGRATION_ENCRYPTION_KEYS: encryptionKeys },
          }),
        }),
      ],
      controllers: [CustomersController],
    }
  }
}
