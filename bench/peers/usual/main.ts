import 'reflect-metadata'
import {
  Body,
  Controller,
  DefaultValuePipe,
  Get,
  Module,
  Param,
  ParseIntPipe,
  ParseUUIDPipe,
  Patch,
  Post,
  Query,
  Req,
  UseGuards,
  ValidationPipe,
} from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { TypeOrmModule } from '@nestjs/typeorm'
import { IsNotEmpty, IsString, MaxLength } from 'class-validator'
import { ApiKeyGuard, CurrentUser } from './api-key.guard.ts'
import { entities, User } from './entities.ts'
import { OrganizationsService } from './organizations.service.ts'

class OrganizationDto {
  @IsString() @IsNotEmpty() @MaxLength(64) name!: string
}

@Controller('api/organizations')
@UseGuards(ApiKeyGuard)
class OrganizationsController {
  constructor(private readonly organizations: OrganizationsService) {}

  @Get()
  async findAll(
    @CurrentUser() user: User,
    @Query('limit', new DefaultValuePipe(100), ParseIntPipe) limit: number,
    @Query('offset', new DefaultValuePipe(0), ParseIntPipe) offset: number,
    @Req() request: { protocol: string; headers: { host: string } },
  ) {
    const { count, results } = await this.organizations.findAll(user, limit, offset)
    const link = (start: number) =>
      `${request.protocol}://${request.headers.host}/api/organizations/?limit=${limit}&offset=${start}`
    return {
      count,
      next: offset + limit < count ? link(offset + limit) : null,
      previous: offset > 0 ? link(Math.max(offset - limit, 0)) : null,
      results,
    }
  }

  @Post()
  create(@CurrentUser() user: User, @Body() { name }: OrganizationDto) {
    return this.organizations.create(user, name)
  }

  @Get(':id')
  findOne(@CurrentUser() user: User, @Param('id', ParseUUIDPipe) id: string) {
    return this.organizations.findOne(user, id)
  }

  @Patch(':id')
  rename(@CurrentUser() user: User, @Param('id', ParseUUIDPipe) id: string, @Body() { name }: OrganizationDto) {
    return this.organizations.rename(user, id, name)
  }

  @Get(':id/integrations')
  findIntegrations(@CurrentUser() user: User, @Param('id', ParseUUIDPipe) id: string) {
    return this.organizations.findIntegrations(user, id)
  }
}

@Module({
  imports: [
    TypeOrmModule.forRoot({ type: 'postgres', url: process.env.DATABASE_URL, entities, synchronize: false }),
    TypeOrmModule.forFeature(entities),
  ],
  controllers: [OrganizationsController],
  providers: [OrganizationsService],
})
class AppModule {}

const application = await NestFactory.create(AppModule, { logger: ['error', 'warn'] })
application.useGlobalPipes(new ValidationPipe({ whitelist: true, transform: true }))
await application.listen(Number(process.env.PORT), '127.0.0.1')
