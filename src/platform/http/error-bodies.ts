import { Global, Injectable, Module } from '@nestjs/common'
import type { ApiError } from './error-catalogue.js'

/** Makes the body of an error answer in another system's shape. */
export type ErrorShape = (error: ApiError) => object

/** The bodies of error answers: PostHog's, but under paths whose callers know another shape. */
@Injectable()
export class ErrorBodies {
  private readonly shapes: { paths: RegExp; shape: ErrorShape }[] = []

  /** @param paths which paths, also those that no route has; it has to be linear, as strangers choose what it reads */
  under(paths: RegExp, shape: ErrorShape): void {
    this.shapes.push({ paths, shape })
  }

  of(error: ApiError, url: string): object {
    const path = url.split('?')[0]!
    return this.shapes.find(({ paths }) => paths.test(path))?.shape(error) ?? error.body
  }
}

@Global()
@Module({ providers: [ErrorBodies], exports: [ErrorBodies] })
export class ErrorBodiesModule {}
