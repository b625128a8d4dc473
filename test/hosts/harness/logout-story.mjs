import { assertAnswer, assertDocumented, DOCUMENTED } from './visitor.mjs';

export const ADA = { user: 'ada', password: 'analytical' };
const INVALID = { 'www-authenticate': 'Bearer error="invalid_token"' };

/**
 * What every host is for: Ada logs in twice and logs one of the tokens out. That one is refused
 * from then on, everywhere; the other still works.
 * @param me what the host's guarded route answers to Ada.
 */
export async function tellLogoutStory(visitor, me = '{"user":"ada"}') {
  const [lost, kept] = [await visitor.login(ADA), await visitor.login(ADA)];
  assertAnswer(await visitor.me(lost), { status: 200, body: me });
  assertDocumented(await visitor.logout(lost), DOCUMENTED.loggedOut);
  assertRefusedOnRoute(await visitor.me(lost));
  assertDocumented(await visitor.logout(lost), DOCUMENTED.refused, INVALID);
  assertAnswer(await visitor.me(kept), { status: 200, body: me });
  // Only what stands before the host's own body parser can answer this one.
  assertDocumented(await visitor.logoutWith('{'), DOCUMENTED.badRequest);
  return { lost, kept };
}

/** A host's guarded route refuses with our body and challenge. */
export function assertRefusedOnRoute(answer) {
  assertDocumented(answer, DOCUMENTED.refused, INVALID);
}

/** A host that is started again knows what was logged out before, and nothing more. */
export async function assertRemembers(visitor, { lost, kept }, me = '{"user":"ada"}') {
  assertRefusedOnRoute(await visitor.me(lost));
  assertAnswer(await visitor.me(kept), { status: 200, body: me });
}
