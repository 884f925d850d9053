import { describe, expect, it } from '@jest/globals'
import { ApiProperty, PartialType } from '@nestjs/swagger'
import { Type } from 'class-transformer'
import { Allow, IsInt, IsObject, IsOptional, IsString, ValidateIf, ValidateNested } from 'class-validator'
import { misfitOfDto } from './dto-misfit.js'
import { ListField, ObjectField, StringField } from './fields.js'

class Part {
  @IsString()
  label!: string
}

class Bare {
  label!: string
}

class Fitting {
  @StringField({ maxLength: 5 })
  ours?: string

  @IsOptional()
  @IsInt()
  theirs?: number

  @Allow()
  anything?: unknown

  @ApiProperty({ readOnly: true })
  created_at?: string

  @ValidateNested()
  @Type(() => Part)
  part!: Part

  @ListField({ items: ObjectField({ type: Part }), maxItems: 2 })
  parts?: Part[]

  @ValidateNested()
  @Type(() => Fitting)
  self!: Fitting

  size = () => this.parts?.length
}

class HalfBare {
  @IsString()
  label!: string

  note?: string
}

class OnlyDocumented {
  @IsString()
  label!: string

  @ApiProperty()
  declare note?: string
}

class OnlyOptional {
  @IsOptional()
  label?: string
}

class OnlyConditional {
  @ValidateIf(() => true)
  label?: string
}

class Untyped {
  @ValidateNested()
  part!: Part
}

class Unseen {
  @IsObject()
  part!: Part
}

class WithUnfitPart {
  @ObjectField({ type: HalfBare })
  part?: HalfBare
}

class WithUnfitParts {
  @ListField({ items: ObjectField({ type: Bare }), maxItems: 1 })
  parts?: Bare[]
}

class PartialBare extends PartialType(HalfBare) {}

describe('misfitOfDto', () => {
  it('finds nothing wrong where everything is validated', () => {
    expect(misfitOfDto(Fitting)).toBeUndefined()
    expect(misfitOfDto(PartialType(Fitting))).toBeUndefined()
  })

  it.each([
    [Bare, 'no property of Bare has a validation decorator.'],
    [HalfBare, 'HalfBare.note has no validation decorator and would be dropped.'],
    [OnlyDocumented, 'OnlyDocumented.note has no validation decorator and would be dropped.'],
    [OnlyOptional, 'OnlyOptional.label says only when it is validated, and not what it must be.'],
    [OnlyConditional, 'OnlyConditional.label says only when it is validated, and not what it must be.'],
    [Untyped, 'Untyped.part is nested and has no type. Add @Type(() => …) of class-transformer.'],
    [Unseen, 'Unseen.part is a Part that nothing looks into. Use @ObjectField({ type: Part }), or'],
    [WithUnfitPart, 'HalfBare.note has no validation decorator and would be dropped.'],
    [WithUnfitParts, 'no property of Bare has a validation decorator.'],
  ])('%p', (dto, sentence) => {
    expect(misfitOfDto(dto)?.slice(0, sentence.length)).toBe(sentence)
  })

  it('does not see what a mapped type leaves out of its instances', () => {
    expect(misfitOfDto(PartialBare)).toBeUndefined()
  })
})
