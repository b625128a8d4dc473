import assert from 'node:assert/strict';
import { createHmac, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { assertAnswer, Visitor } from '../harness/visitor.mjs';

export const title = 'plain Express';

export const packages = ['express'];

const LOGGED_OUT = { status: 200, body: '{"message":"Logged out successfully"}' };
const NO_LIVE_TOKEN = { status: 400, body: '{"error":"Invalid token"}' };
const GRANTED = { status: 200, body: '{"message":"Access granted"}' };
const NOT_AUTHENTICATED = { status: 401, body: '{"error":"Invalid token"}' };

export const proofs = {
  'compiles against our declarations without skipLibCheck': (host) =>
    host.run(['npm', 'run', 'build']),

  'refuses a token once it is logged out': (host) =>
    host.serve('dist/main.js', {}, async (url) => {
      const visitor = new Visitor(url, { me: '/protected' });
      const logout = (token) =>
        visitor.request('POST', '/logout', { body: JSON.stringify({ token }) });
      const [lost, kept] = [tokenOfAda(host), tokenOfAda(host)];
      assertAnswer(await visitor.me(lost), GRANTED);
      assertAnswer(await logout(lost), LOGGED_OUT);
      assertAnswer(await visitor.me(lost), NOT_AUTHENTICATED);
      assertAnswer(await logout(lost), NO_LIVE_TOKEN);
      assertAnswer(await visitor.me(kept), GRANTED);
      assertAnswer(await visitor.request('POST', '/logout', { body: '{' }), NO_LIVE_TOKEN);
    }),

  'stands on the core alone: no Nest, TypeORM, pg, class-validator or RxJS is installed': ({
    folder,
  }) => {
    const installed = (name) => existsSync(join(folder, 'node_modules', name));
    const others = ['@nestjs', 'typeorm', 'pg', 'class-validator', 'rxjs', 'reflect-metadata'];
    assert.deepEqual(others.filter(installed), []);
  },
};

/** A token as any issuer could sign it. */
function tokenOfAda(host) {
  const encode = (part) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const iat = Math.floor(Date.now() / 1000);
  const claims = { sub: 'ada', jti: randomUUID(), iat, exp: iat + 600 };
  const input = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
  const signature = createHmac('sha256', host.env.JWT_SECRET).update(input).digest('base64url');
  return `${input}.${signature}`;
}
