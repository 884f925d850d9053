import { type INestApplication, ValidationPipe } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { ExpressAdapter } from '@nestjs/platform-express'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger'
import { Polity } from 'polity'
import { AppModule } from './app.module.js'

export const adapters = { express: () => new ExpressAdapter(), fastify: () => new FastifyAdapter() }

/** The application, ready to listen. Nothing in here but `describeIn` is for Polity. */
export async function createApp(
  adapter: keyof typeof adapters,
  databaseUrl: string,
  encryptionKeys: string,
): Promise<INestApplication> {
  const app = await NestFactory.create(AppModule.with(databaseUrl, encryptionKeys), adapters[adapter]())
  app.useGlobalPipes(new ValidationPipe({ whitelist: true }))
  app.enableShutdownHooks()
  const own = SwaggerModule.createDocument(app, new DocumentBuilder().setTitle('My application').build())
  SwaggerModule.setup('docs', app, app.get(Polity).describeIn(own))
  return app
}
