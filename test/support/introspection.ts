import { createHash, randomBytes } from 'node:crypto';
import request, { type Test } from 'supertest';
import type { IntrospectionCaller } from '../../src';

export const INTROSPECT = '/api/v1/auth/introspect';
export const SIGNED = 'application/token-introspection+jwt';
/** The whole answer about what is not active. */
export const INACTIVE = '{"active":false}';

export const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex');

/** A resource server: its options for us, and how it asks. */
export class TestCaller {
  readonly secret = randomBytes(32).toString('hex');
  readonly options: IntrospectionCaller;

  constructor(
    readonly id: string,
    options: Pick<IntrospectionCaller, 'audiences'> & Partial<IntrospectionCaller>,
  ) {
    this.options = { id, secretHashes: hashOf(this.secret), ...options };
  }

  /** The value of `Authorization`. */
  get authorization(): string {
    return basic(this.id, this.secret);
  }

  /** Asks what a token is worth. */
  ask(url: string, token: string): Test {
    return request(url)
      .post(INTROSPECT)
      .set('Authorization', this.authorization)
      .type('form')
      .send({ token });
  }
}

export const basic = (id: string, secret: string): string =>
  `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
