import { claimsOf, PROTECTED_PATH } from '../cast';
import { lenientSpellings } from '../respellings';
import { headerOf } from '../required-status';
import type { Scene } from '../scene';
import { piecesOf, wholeTemplate } from '../templates';
import type { WireRequest } from '../wire';
import type { Property } from './property';

/** Who is let in afterwards, and who is not. */
export const TOKEN_PROPERTIES: readonly Property[] = [
  [
    /^(\{\{\w+\}\}) still (?:works|accepted afterwards on \{\{protected_path\}\} \(nothing was revoked\))$/,
    (scene, [, token]) => expectVerdict(scene, token, 200),
  ],
  [
    /^(\{\{\w+\}\}) (?:is|answers) (\d{3}) afterwards(?: on \{\{protected_path\}\})?$/,
    (scene, [, token, status]) => expectVerdict(scene, token, Number(status)),
  ],
  [
    /^never revokes a token whose jti is the string "(.+)"$/,
    async (scene, [, jti]) => {
      const token = scene.run.mint({ ...claimsOf(scene.cast.userId, 600), jti });
      expect((await scene.me(token)).status).toBe(200);
    },
  ],
  [/^guard and logout take the same decision$/, sameDecision],
  [
    /^the variant is refused both before and after logout \(strict canonical form\), or, if accepted before, it is 401 after$/,
    refusedAfterwards,
  ],
  [
    /^afterwards every spelling of the token is 401 on \{\{protected_path\}\} on every instance within the stated bound$/,
    everySpellingRefused,
  ],
  [/^both, or only the named token, are revoked, as documented; never neither$/, onlyNamedRevoked],
  [/^revoked token stays refused while throttled$/, refusedWhileThrottled],
  [/^userId, admin, exp in body are never used$/, bodyNeverUsed],
];

async function expectVerdict(scene: Scene, template = '', status: number): Promise<void> {
  const token = await scene.cast.text(wholeTemplate(template) ?? template);
  expect((await scene.me(token)).status).toBe(status);
}

/** Asked of another token of the same make, because the first may be logged out by now. */
async function sameDecision(scene: Scene): Promise<void> {
  const other = await scene.fresh();
  const logout = await other.render(scene.hostileCase.request);
  const asked = { ...logout, method: 'GET', path: PROTECTED_PATH, body: Buffer.alloc(0) };
  const guard = await other.exchange(asked);
  const { answer } = await other.exchange(logout);
  expect(answer.status).toBe(guard.answer.status);
}

/** What the case's own header carries is tried before and after its token is logged out. */
async function refusedAfterwards(scene: Scene): Promise<void> {
  const other = await scene.fresh();
  const request = await other.render(scene.hostileCase.request);
  const valid = await other.validToken();
  expect((await other.me(valid)).status).toBe(200);
  const before = await other.exchange(request);
  // A respelling must never be accepted; another signature may be.
  expect(isCanonical(request) ? [200, 401] : [401]).toContain(before.answer.status);
  expect((await other.logout(valid)).status).toBe(200);
  const after = await other.exchange(request);
  expect(after.answer.status).toBe(401);
}

/** Whether each part of the bearer is what it decodes to, encoded again. */
function isCanonical(request: WireRequest): boolean {
  const token = (headerOf(request, 'authorization') ?? '').replace(/^bearer /i, '');
  const canonical = (part: string): string => Buffer.from(part, 'base64url').toString('base64url');
  return token.split('.').every((part) => canonical(part) === part);
}

async function everySpellingRefused(scene: Scene): Promise<void> {
  const token = await scene.validToken();
  const spellings = [token, ...lenientSpellings(token, scene.run.issuer)];
  for (const { url } of scene.run.services) {
    for (const spelling of spellings)
      expect([spelling.length, (await scene.run.me(spelling, { url })).status]).toEqual([
        spelling.length,
        401,
      ]);
  }
}

/** Documented: the token that the body names, and no other. */
async function onlyNamedRevoked(scene: Scene): Promise<void> {
  const [bearer, named] = tokensOf(scene);
  await expectVerdict(scene, named, 401);
  if (bearer !== named) await expectVerdict(scene, bearer, 200);
}

/** The templates that the request carries as its bearer and in its body. */
function tokensOf({ hostileCase: { request } }: Scene): (string | undefined)[] {
  return [String(request.headers?.Authorization), request.body ?? ''].map((text) => {
    const template = piecesOf(text).find((piece) => 'expression' in piece);
    return template && `{{${template.expression}}}`;
  });
}

/** The limit is still reached, and refuses a stranger; the revoked token is refused for itself. */
async function refusedWhileThrottled(scene: Scene): Promise<void> {
  const revoked = await scene.cast.text('revoked_token');
  expect((await scene.logout(revoked)).status).toBe(429);
  expect((await scene.me(revoked)).status).toBe(401);
}

async function bodyNeverUsed(scene: Scene): Promise<void> {
  const { jti, sub, exp } = scene.cast.claims;
  const rows = await scene.run.database.query(
    `SELECT subject, extract(epoch FROM expires_at)::int AS end
     FROM revoked_tokens WHERE token_id = $1`,
    [jti],
  );
  expect(rows).toEqual([{ subject: sub, end: Number(exp) + 60 }]);
  await expectVerdict(scene, '{{other_user_token}}', 200);
}
