import { claimsOf, PROTECTED_PATH } from '../template-values';
import { lenientSpellings } from '../respellings';
import { headerOf } from '../required-status';
import type { CaseRun } from '../case-run';
import { piecesOf, wholeTemplate } from '../templates';
import type { WireRequest } from '../wire';
import type { Property } from './property';

/** Who is let in afterwards, and who is not. */
export const TOKEN_PROPERTIES: readonly Property[] = [
  [
    /^(\{\{\w+\}\}) still (?:works|accepted afterwards on \{\{protected_path\}\} \(nothing was revoked\))$/,
    (caseRun, [, token]) => expectVerdict(caseRun, token, 200),
  ],
  [
    /^(\{\{\w+\}\}) (?:is|answers) (\d{3}) afterwards(?: on \{\{protected_path\}\})?$/,
    (caseRun, [, token, status]) => expectVerdict(caseRun, token, Number(status)),
  ],
  [
    /^never revokes a token whose jti is the string "(.+)"$/,
    async (caseRun, [, jti]) => {
      const token = caseRun.run.mint({ ...claimsOf(caseRun.values.userId, 600), jti });
      expect((await caseRun.me(token)).status).toBe(200);
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

async function expectVerdict(caseRun: CaseRun, template = '', status: number): Promise<void> {
  const token = await caseRun.values.text(wholeTemplate(template) ?? template);
  expect((await caseRun.me(token)).status).toBe(status);
}

/** Asked of another token of the same make, because the first may be logged out by now. */
async function sameDecision(caseRun: CaseRun): Promise<void> {
  const other = await caseRun.fresh();
  const logout = await other.render(caseRun.hostileCase.request);
  const asked = { ...logout, method: 'GET', path: PROTECTED_PATH, body: Buffer.alloc(0) };
  const guard = await other.exchange(asked);
  const { answer } = await other.exchange(logout);
  expect(answer.status).toBe(guard.answer.status);
}

/** What the case's own header carries is tried before and after its token is logged out. */
async function refusedAfterwards(caseRun: CaseRun): Promise<void> {
  const other = await caseRun.fresh();
  const request = await other.render(caseRun.hostileCase.request);
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

async function everySpellingRefused(caseRun: CaseRun): Promise<void> {
  const token = await caseRun.validToken();
  const spellings = [token, ...lenientSpellings(token, caseRun.run.issuer)];
  for (const { url } of caseRun.run.services) {
    for (const spelling of spellings)
      expect([spelling.length, (await caseRun.run.me(spelling, { url })).status]).toEqual([
        spelling.length,
        401,
      ]);
  }
}

/** Documented: the token that the body names, and no other. */
async function onlyNamedRevoked(caseRun: CaseRun): Promise<void> {
  const [bearer, named] = tokensOf(caseRun);
  await expectVerdict(caseRun, named, 401);
  if (bearer !== named) await expectVerdict(caseRun, bearer, 200);
}

/** The templates that the request carries as its bearer and in its body. */
function tokensOf({ hostileCase: { request } }: CaseRun): (string | undefined)[] {
  return [String(request.headers?.Authorization), request.body ?? ''].map((text) => {
    const template = piecesOf(text).find((piece) => 'expression' in piece);
    return template && `{{${template.expression}}}`;
  });
}

/** The limit is still reached, and refuses a stranger; the revoked token is refused for itself. */
async function refusedWhileThrottled(caseRun: CaseRun): Promise<void> {
  const revoked = await caseRun.values.text('revoked_token');
  expect((await caseRun.logout(revoked)).status).toBe(429);
  expect((await caseRun.me(revoked)).status).toBe(401);
}

async function bodyNeverUsed(caseRun: CaseRun): Promise<void> {
  const { jti, sub, exp } = caseRun.values.claims;
  const rows = await caseRun.run.database.query(
    `SELECT subject, extract(epoch FROM expires_at)::int AS end
     FROM revoked_tokens WHERE token_id = $1`,
    [jti],
  );
  expect(rows).toEqual([{ subject: sub, end: Number(exp) + 60 }]);
  await expectVerdict(caseRun, '{{other_user_token}}', 200);
}
