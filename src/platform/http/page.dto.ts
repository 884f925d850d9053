import type { Type } from '@nestjs/common'
import { ApiProperty } from '@nestjs/swagger'

/** The OpenAPI shape of a page of `item`. Extend it, so that the page has a name. */
export function pageOf<T>(item: Type<T>) {
  abstract class PageOf {
    @ApiProperty({ type: 'integer', example: 1 }) count!: number
    @ApiProperty({ type: 'string', format: 'uri', nullable: true, example: null }) next!: string | null
    @ApiProperty({ type: 'string', format: 'uri', nullable: true, example: null }) previous!: string | null
    @ApiProperty({ type: [item] }) results!: T[]
  }
  return PageOf
}
