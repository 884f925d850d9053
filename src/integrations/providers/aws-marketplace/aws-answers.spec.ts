import { describe, expect, it } from '@jest/globals'
import { ProviderError } from '../../integration-provider.js'
import { entitlementsPage, read, resolvedCustomer } from './aws-answers.js'

describe('an answer of AWS', () => {
  it('is read as AWS documents it', () => {
    const ExpirationDate = new Date('2030-01-01')
    const Entitlements = [{ Dimension: 'seats', Value: { IntegerValue: 0 }, ExpirationDate }, { Dimension: 'support' }]
    expect(read(entitlementsPage, { Entitlements, NextToken: 'n' })).toEqual({
      Entitlements: [
        { dimension: 'seats', value: 0, expiration_date: '2030-01-01T00:00:00.000Z' },
        { dimension: 'support', value: null, expiration_date: null },
      ],
      NextToken: 'n',
    })
    expect(read(entitlementsPage, {})).toEqual({ Entitlements: [] })
    const account = { ProductCode: 'p', CustomerAWSAccountId: '1', CustomerIdentifier: '' }
    expect(read(resolvedCustomer, account)).toMatchObject({ customer_identifier: '1', customer_aws_account_id: '1' })
  })

  it.each<[unknown]>([
    [{ Entitlements: 'none' }],
    [{ Entitlements: [null] }],
    [{ Entitlements: [{ Value: { IntegerValue: 1 } }] }],
    [{ Entitlements: [{ Dimension: 'seats', Value: { IntegerValue: '1' } }] }],
    [{ Entitlements: [{ Dimension: 'seats', Value: 1 }] }],
    [{ Entitlements: [{ Dimension: 'seats', ExpirationDate: new Date(NaN) }] }],
    [{ NextToken: 5 }],
  ])('is not taken for entitlements when it is %j', (answer) => {
    expect(() => read(entitlementsPage, answer)).toThrow(ProviderError)
  })

  it.each<[unknown]>([
    [{}],
    [{ ProductCode: [1], CustomerAWSAccountId: '1' }],
    [{ ProductCode: 'p' }],
    [{ ProductCode: 'p', CustomerAWSAccountId: '', CustomerIdentifier: 'c' }],
  ])('is not taken for a customer when it is %j', (answer) => {
    expect(() => read(resolvedCustomer, answer)).toThrow(ProviderError)
  })
})
