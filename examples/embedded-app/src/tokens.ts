import { Injectable } from '@nestjs/common'
import { jwtVerify, SignJWT } from 'jose'
import type { Customer } from './customer.entity.js'

const secret = new TextEncoder().encode(process.env.TOKEN_SECRET ?? 'only for trying this out, 32 bytes or more')

/** This application's own JWTs. */
@Injectable()
export class Tokens {
  issue({ id, email }: Customer): Promise<string> {
    return new SignJWT({ email })
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject(id)
      .setExpirationTime('1h')
      .sign(secret)
  }

  /** @returns undefined for what is no valid token of ours */
  async verified(token: string): Promise<{ sub: string; email: string } | undefined> {
    try {
      return (await jwtVerify<{ sub: string; email: string }>(token, secret)).payload
    } catch {
      return undefined
    }
  }
}
