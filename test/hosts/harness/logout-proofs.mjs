import assert from 'node:assert/strict';
import { assertAnswer, assertDocumented, DOCUMENTED } from './http-client.mjs';

export const ADA = { user: 'ada', password: 'analytical' };
const INVALID = { 'www-authenticate': 'Bearer error="invalid_token"' };

/**
 * What every host is for: Ada logs in twice and logs one of the tokens out. That one is refused
 * from then on, everywhere; the other still works.
 * @param me what the host's guarded route answers to Ada.
 */
export async function proveLogout(client, me = '{"user":"ada"}') {
  const [lost, kept] = [await client.login(ADA), await client.login(ADA)];
  assertAnswer(await client.me(lost), { status: 200, body: me });
  assertDocumented(await client.logout(lost), DOCUMENTED.loggedOut);
  assertRefusedOnRoute(await client.me(lost));
  assertDocumented(await client.logout(lost), DOCUMENTED.refused, INVALID);
  assertAnswer(await client.me(kept), { status: 200, body: me });
  // Only what stands before the host's own body parser can answer this one.
  assertDocumented(await client.logoutWith('{'), DOCUMENTED.badRequest);
  return { lost, kept };
}

/** This token is let in until it is logged out, and no longer. */
export async function proveLogoutOf(token, client) {
  const { status, body } = await client.me(token);
  assert.equal(status, 200, body);
  assertDocumented(await client.logout(token), DOCUMENTED.loggedOut);
  assertRefusedOnRoute(await client.me(token));
}

/** A host's guarded route refuses with our body and challenge. */
export function assertRefusedOnRoute(answer) {
  assertDocumented(answer, DOCUMENTED.refused, INVALID);
}

/** A host that is started again knows what was logged out before, and nothing more. */
export async function assertRemembers(client, { lost, kept }, me = '{"user":"ada"}') {
  assertRefusedOnRoute(await client.me(lost));
  assertAnswer(await client.me(kept), { status: 200, body: me });
}
