import { ApiProperty } from '@nestjs/swagger'
import { pageOf, StringField } from 'polity'

/** What a caller sends. */
export class CreateWidget {
  @StringField({ required: true, maxLength: 64, description: 'Unique in the organization.', example: 'Sprocket' })
  name!: string
}

/** What a caller gets. */
export class WidgetView {
  @ApiProperty({ format: 'uuid' }) id!: string
  @ApiProperty({ example: 'Sprocket' }) name!: string
  @ApiProperty({ type: 'integer', nullable: true, example: 1 }) owner_id!: number | null
}

export class WidgetPage extends pageOf(WidgetView) {}
