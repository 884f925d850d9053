import { describe, expect, it } from '@jest/globals'
import { Body, Controller, Module, Post } from '@nestjs/common'
import * as v from 'class-validator'
import { Public } from '../../src/index.js'
import { expectError, useServer } from '../support/kit.js'

/** A decorator of class-validator, a value that it refuses, and what is said of it: code and sentence. */
type Row = [decorator: PropertyDecorator, value: unknown, detail: string, code?: string]

const DATE_FORMAT =
  'Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].'

enum Colour {
  Red = 'red',
}

/** Those for which PostHog has words, and then those that say it themselves. `$` is the property's name. */
const rows: Record<string, Row> = {
  IsDefined: [v.IsDefined(), null, 'This field may not be null.', 'null'],
  IsString: [v.IsString(), 1, 'Not a valid string.'],
  IsBoolean: [v.IsBoolean(), 'x', 'Must be a valid boolean.'],
  IsInt: [v.IsInt(), 1.5, 'A valid integer is required.'],
  IsNumber: [v.IsNumber(), '1', 'A valid number is required.'],
  IsDate: [v.IsDate(), 'x', DATE_FORMAT],
  IsArray: [v.IsArray(), 'x', 'Expected a list of items but got type "str".', 'not_a_list'],
  IsObject: [v.IsObject(), [], 'Invalid data. Expected a dictionary, but got list.'],
  IsNotEmpty: [v.IsNotEmpty(), '', 'This field may not be blank.', 'blank'],
  IsNotEmptyObject: [v.IsNotEmptyObject(), {}, 'This dictionary may not be empty.', 'empty'],
  ArrayNotEmpty: [v.ArrayNotEmpty(), [], 'This list may not be empty.', 'empty'],
  ArrayMinSize: [v.ArrayMinSize(2), [1], 'Ensure this field has at least 2 elements.', 'min_length'],
  ArrayMaxSize: [v.ArrayMaxSize(1), [1, 2], 'Ensure this field has no more than 1 elements.', 'max_length'],
  MaxLength: [v.MaxLength(2), 'abc', 'Ensure this field has no more than 2 characters.', 'max_length'],
  MinLength: [v.MinLength(2), 'a', 'Ensure this field has at least 2 characters.', 'min_length'],
  Length: [v.Length(2, 3), 'a', 'Ensure this field has at least 2 characters.', 'min_length'],
  Max: [v.Max(2), 3, 'Ensure this value is less than or equal to 2.', 'max_value'],
  Min: [v.Min(2), 1, 'Ensure this value is greater than or equal to 2.', 'min_value'],
  IsIn: [v.IsIn(['a']), 'b', '"b" is not a valid choice.', 'invalid_choice'],
  IsEnum: [v.IsEnum(Colour), 'b', '"b" is not a valid choice.', 'invalid_choice'],
  IsUUID: [v.IsUUID(), 'x', 'Must be a valid UUID.'],
  IsEmail: [v.IsEmail(), 'x', 'Enter a valid email address.'],
  IsUrl: [v.IsUrl(), 'x', 'Enter a valid URL.'],
  IsIP: [v.IsIP(), 'x', 'Enter a valid IPv4 or IPv6 address.'],
  IsRFC3339: [v.IsRFC3339(), 'x', DATE_FORMAT],
  IsJSON: [v.IsJSON(), '{', 'Value must be valid JSON.'],
  Matches: [v.Matches(/^a$/), 'b', 'This value does not match the required pattern.'],

  ArrayContains: [v.ArrayContains(['a']), ['b'], '$ must contain a values'],
  ArrayNotContains: [v.ArrayNotContains(['b']), ['b'], '$ should not contain b values'],
  ArrayUnique: [v.ArrayUnique(), [1, 1], "All $'s elements must be unique"],
  Contains: [v.Contains('a'), 'b', '$ must contain a a string'],
  Equals: [v.Equals('a'), 'b', '$ must be equal to a'],
  NotEquals: [v.NotEquals('b'), 'b', '$ should not be equal to b'],
  NotContains: [v.NotContains('b'), 'b', '$ should not contain a b string'],
  IsEmpty: [v.IsEmpty(), 'b', '$ must be empty'],
  IsNotIn: [v.IsNotIn(['b']), 'b', '$ should not be one of the following values: b'],
  IsDivisibleBy: [v.IsDivisibleBy(2), 3, '$ must be divisible by 2'],
  IsPositive: [v.IsPositive(), 0, '$ must be a positive number'],
  IsNegative: [v.IsNegative(), 0, '$ must be a negative number'],
  MinDate: [v.MinDate(new Date(0)), 'x', 'minimal allowed date for $ is '],
  MaxDate: [v.MaxDate(new Date(0)), 'x', 'maximal allowed date for $ is '],
  IsInstance: [v.IsInstance(Date), 'x', '$ must be an instance of Date'],
  IsLatLong: [v.IsLatLong(), 'x', '$ must be a latitude,longitude string'],
  IsLatitude: [v.IsLatitude(), 'x', '$ must be a latitude string or number'],
  IsLongitude: [v.IsLongitude(), 'x', '$ must be a longitude string or number'],
  IsISO8601: [v.IsISO8601(), 'x', '$ must be a valid ISO 8601 date string'],
  IsDateString: [v.IsDateString(), 'x', '$ must be a valid ISO 8601 date string'],
  IsAlpha: [v.IsAlpha(), '1', ''],
  IsAlphanumeric: [v.IsAlphanumeric(), '-', ''],
  IsAscii: [v.IsAscii(), 'é', ''],
  IsBIC: [v.IsBIC(), 'x', ''],
  IsBase32: [v.IsBase32(), 'x', ''],
  IsBase58: [v.IsBase58(), '0', ''],
  IsBase64: [v.IsBase64(), 'x', ''],
  IsBooleanString: [v.IsBooleanString(), 'x', ''],
  IsBtcAddress: [v.IsBtcAddress(), 'x', ''],
  IsByteLength: [v.IsByteLength(2), 'x', ''],
  IsCreditCard: [v.IsCreditCard(), 'x', ''],
  IsCurrency: [v.IsCurrency(), 'x', ''],
  IsDataURI: [v.IsDataURI(), 'x', ''],
  IsDecimal: [v.IsDecimal(), 'x', ''],
  IsEAN: [v.IsEAN(), 'x', ''],
  IsEthereumAddress: [v.IsEthereumAddress(), 'x', ''],
  IsFQDN: [v.IsFQDN(), 'x', ''],
  IsFirebasePushId: [v.IsFirebasePushId(), 'x', ''],
  IsFullWidth: [v.IsFullWidth(), 'x', ''],
  IsHalfWidth: [v.IsHalfWidth(), 'カ', ''],
  IsHSL: [v.IsHSL(), 'x', ''],
  IsHash: [v.IsHash('md5'), 'x', ''],
  IsHexColor: [v.IsHexColor(), 'x', ''],
  IsHexadecimal: [v.IsHexadecimal(), 'x', ''],
  IsIBAN: [v.IsIBAN(), 'x', ''],
  IsISBN: [v.IsISBN(), 'x', ''],
  IsISIN: [v.IsISIN(), 'x', ''],
  IsISO31661Alpha2: [v.IsISO31661Alpha2(), 'x', ''],
  IsISO31661Alpha3: [v.IsISO31661Alpha3(), 'x', ''],
  IsISO31661Numeric: [v.IsISO31661Numeric(), 'x', ''],
  IsISO4217CurrencyCode: [v.IsISO4217CurrencyCode(), 'x', ''],
  IsISO6391: [v.IsISO6391(), 'x', ''],
  IsISRC: [v.IsISRC(), 'x', ''],
  IsISSN: [v.IsISSN(), 'x', ''],
  IsIdentityCard: [v.IsIdentityCard('ES'), 'x', ''],
  IsJWT: [v.IsJWT(), 'x', ''],
  IsLocale: [v.IsLocale(), '1', ''],
  IsLowercase: [v.IsLowercase(), 'X', ''],
  IsMACAddress: [v.IsMACAddress(), 'x', ''],
  IsMagnetURI: [v.IsMagnetURI(), 'x', ''],
  IsMilitaryTime: [v.IsMilitaryTime(), 'x', ''],
  IsMimeType: [v.IsMimeType(), 'x', ''],
  IsMobilePhone: [v.IsMobilePhone(), 'x', ''],
  IsMongoId: [v.IsMongoId(), 'x', ''],
  IsMultibyte: [v.IsMultibyte(), 'x', ''],
  IsNumberString: [v.IsNumberString(), 'x', ''],
  IsOctal: [v.IsOctal(), 'x', ''],
  IsPassportNumber: [v.IsPassportNumber('DE'), 'x', ''],
  IsPhoneNumber: [v.IsPhoneNumber(), 'x', ''],
  IsPort: [v.IsPort(), 'x', ''],
  IsPostalCode: [v.IsPostalCode('any'), 'x', ''],
  IsRgbColor: [v.IsRgbColor(), 'x', ''],
  IsSemVer: [v.IsSemVer(), 'x', ''],
  IsStrongPassword: [v.IsStrongPassword(), 'x', ''],
  IsSurrogatePair: [v.IsSurrogatePair(), 'x', ''],
  IsTaxId: [v.IsTaxId('de-DE'), 'x', ''],
  IsTimeZone: [v.IsTimeZone(), 'x', ''],
  IsUppercase: [v.IsUppercase(), 'x', ''],
  IsVariableWidth: [v.IsVariableWidth(), 'x', ''],
}

/** Decorators and classes of class-validator that constrain nothing by themselves. */
const others = [
  ...['Allow', 'IsOptional', 'Validate', 'ValidateBy', 'ValidateIf', 'ValidateNested', 'ValidatePromise'],
  ...['ValidatorConstraint', 'Validator', 'ValidationError', 'ValidationTypes', 'MetadataStorage'],
]

/** Without one, they let an absent value or null through, or say by it what they are about. */
const optional = ['IsEmpty', 'NotEquals', 'IsNotIn', 'ArrayNotContains', 'NotContains']

class Constrained {}
for (const [name, [decorator]] of Object.entries(rows)) {
  v.ValidateIf((body: object) => Object.hasOwn(body, name))(Constrained.prototype, name)
  decorator(Constrained.prototype, name)
}

@Controller('api/constraints')
@Public()
class ConstraintsController {
  @Post()
  constrained(@Body() _body: Constrained) {
    return {}
  }
}

@Module({ controllers: [ConstraintsController] })
class ConstraintsModule {}

const server = useServer({ plugins: [ConstraintsModule] })
const post = (body: object) => server.request('POST', '/api/constraints/', { body })

describe('a constraint of class-validator', () => {
  it.each(Object.entries(rows))('%s is told as an error', async (name, [, value, sentence, code = 'invalid_input']) => {
    const answer = await post({ [name]: value })
    const detail = sentence.replace('$', name)
    const said: string = answer.body.detail
    expectError(answer, 400, code, said.startsWith(detail) ? said : detail, name)
    expect(said.length).toBeGreaterThan(0)
  })

  it('that is null is told so', async () => {
    for (const name of Object.keys(rows).filter((one) => !optional.includes(one)))
      expectError(await post({ [name]: null }), 400, 'null', 'This field may not be null.', name)
  })

  it('stands in this table, each of them', () => {
    const missing = Object.entries(v)
      .filter(([name, value]) => /^[A-Z]/.test(name) && typeof value === 'function')
      .map(([name]) => name)
      .filter((name) => !(name in rows) && !others.includes(name))
    expect(missing).toEqual([])
  })
})
