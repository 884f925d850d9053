import { Injectable, Module, type OnApplicationBootstrap } from '@nestjs/common'
import { METHOD_METADATA, PIPES_METADATA, ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js'
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js'
import { ApplicationConfig, DiscoveryModule, DiscoveryService, MetadataScanner } from '@nestjs/core'
import { StartError } from '../start-error.js'
import { DtoPipe, lateBody } from './dto.js'
import type { DtoClass } from './dto-shape.js'
import { misfitOfDto } from './dto-misfit.js'

/** What NestJS keeps of a parameter, under `<type>:<index>`; a decorator of somebody's own stands under another name. */
interface Parameter {
  index: number
  data?: unknown
  pipes: readonly unknown[]
  schema?: unknown
  /** From a decorator that is not ours. */
  factory?: unknown
}

const checked: Record<string, string> = {
  [RouteParamtypes.BODY]: '@Body()',
  [RouteParamtypes.QUERY]: '@Query()',
  [RouteParamtypes.PARAM]: '@Param()',
}

/** Refuses to start while a handler behind {@link DtoPipe} takes a body that nothing would validate. */
@Injectable()
export class DtoDeclarations implements OnApplicationBootstrap {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly application: ApplicationConfig,
  ) {}

  /** @throws {StartError} naming the first parameter that nothing would validate, and what to write */
  onApplicationBootstrap(): void {
    const isEverywhere = this.application.getGlobalPipes().some(isDtoPipe)
    for (const { metatype } of this.discovery.getControllers()) {
      if (typeof metatype !== 'function' || !(isEverywhere || pipesOf(metatype).some(isDtoPipe))) continue
      for (const method of this.scanner.getAllMethodNames(metatype.prototype as object)) {
        const misfit = misfitOfHandler(metatype as DtoClass, method)
        if (misfit) throw new StartError(misfit)
      }
    }
  }
}

/** Checks at the start what handlers declare as their bodies. */
@Module({ imports: [DiscoveryModule], providers: [DtoDeclarations] })
export class DtoDeclarationsModule {}

const pipesOf = (target: object): unknown[] => (Reflect.getMetadata(PIPES_METADATA, target) ?? []) as unknown[]

const isDtoPipe = (pipe: unknown): boolean => pipe === DtoPipe || pipe instanceof DtoPipe

function misfitOfHandler(controller: DtoClass, method: string): string | undefined {
  const prototype = controller.prototype as Record<string, object>
  const handler = prototype[method]!
  const hasOwnPipe = pipesOf(handler).some((pipe) => !isDtoPipe(pipe))
  if (!Reflect.hasMetadata(METHOD_METADATA, handler) || hasOwnPipe) return undefined
  const types = (Reflect.getMetadata('design:paramtypes', prototype, method) ?? []) as unknown[]
  const parameters = Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, method) as
    Record<string, Parameter> | undefined
  for (const [key, { index, data, pipes, schema, factory }] of Object.entries(parameters ?? {})) {
    const decorator = factory === lateBody ? '@LateBody()' : checked[key.split(':')[0]!]
    if (!decorator || pipes.length > 0 || schema) continue
    const problem = misfitOfType(factory === lateBody ? data : types[index], decorator)
    if (problem)
      return `${controller.name}.${method}: parameter ${index + 1}, ${decorator}, is not validated: ${problem}`
  }
  return undefined
}

/** Query and path parameters are text, which a handler may read by itself. A body may be anything, so that it must have a DTO. */
function misfitOfType(type: unknown, decorator: string): string | undefined {
  if (isClass(type)) return misfitOfDto(type)
  if (decorator !== checked[RouteParamtypes.BODY]) return undefined
  return (
    'its type is no class. Declare a class whose properties have validation decorators, a schema, ' +
    '@Body({ schema }), or a pipe of its own, @Body(pipe).'
  )
}

/** Whether a type is a declared class. Interfaces, unions and arrays are `Object` or `Array` at run time. */
const isClass = (type: unknown): type is DtoClass =>
  typeof type === 'function' && !/\{\s*\[native code\]\s*\}$/.test(Function.prototype.toString.call(type))
