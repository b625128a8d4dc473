import { LOGOUT } from '../../support/app';
import { PROTECTED_PATH } from '../template-values';
import { expectLogoutHeaders } from '../logout-effects-host';
import { LIMIT } from '../run';
import type { CaseRun } from '../case-run';
import { type Route, send, type WireRequest } from '../wire';
import type { Property } from './property';

/** What matters to browsers, and to clients that spell a path in another way. */
export const WEB_PROPERTIES: readonly Property[] = [
  [/^no Access-Control-Allow-Origin for that origin$/, originNotAllowed],
  [/^(?:never \* with credentials|null is never reflected)$/, originNotAllowed],
  [
    /^([A-Z][\w-]*): (.+)$/,
    ({ last }, [, name = '', value]) => {
      expect(last.answer.headers[name.toLowerCase()]).toEqual([value]);
    },
  ],
  [
    /^no ([A-Z]\w*(?:-\w+)+)$/,
    ({ last }, [, name = '']) => {
      expect(last.answer.headers).not.toHaveProperty(name.toLowerCase());
    },
  ],
  [
    /^application\/json; nosniff$/,
    ({ last: { answer } }) => {
      expect(answer.headers['content-type']).toEqual(['application/json; charset=utf-8']);
      expect(answer.headers['x-content-type-options']).toEqual(['nosniff']);
    },
  ],
  [
    /^Clear-Site-Data as configured$/,
    async ({ last, run }) => {
      expect(last.answer.headers).not.toHaveProperty('clear-site-data');
      await expectLogoutHeaders(run, 'clear-site-data');
    },
  ],
  [
    /^Set-Cookie expires each auth cookie with the same Path, Domain, SameSite, Secure$/,
    async ({ last, run }) => {
      expect(last.answer.headers).not.toHaveProperty('set-cookie');
      await expectLogoutHeaders(run, 'set-cookie');
    },
  ],
  [/^if 200 then same guard, same throttle key, same audit$/, sameAsCanonical],
  [/^protected routes: 401 without token on every variant$/, everyVariantProtected],
];

function originNotAllowed({ last: { request, answer } }: CaseRun): void {
  const origin = request.headers.find(([name]) => /^origin$/i.test(name))?.[1];
  const allowed = answer.headers['access-control-allow-origin'] ?? [];
  expect(allowed).not.toContain(origin);
  expect(allowed).not.toContain('*');
}

/** A path that is taken for ours is guarded, counted and recorded as ours. */
async function sameAsCanonical(caseRun: CaseRun): Promise<void> {
  const { request, answer } = caseRun.last;
  if (answer.status !== 200) return;
  const withoutToken = request.headers.filter(([name]) => !/^authorization$/i.test(name));
  const refused = await send(caseRun.route, { ...request, headers: withoutToken });
  expect(refused.status).toBe(401);
  const [row] = await caseRun.run.database.query(
    "SELECT outcome FROM auth_events WHERE token_id = $1 AND event = 'authn_token_revoked'",
    [caseRun.values.claims.jti],
  );
  expect(row).toEqual({ outcome: 'success' });
  await sharesTheCount(caseRun, request);
}

/** A client that has spent the limit on the path itself has none left on the variant. */
async function sharesTheCount({ run }: CaseRun, request: WireRequest): Promise<void> {
  const [, route] = await run.throttledRoute();
  for (let count = 0; count < LIMIT; count += 1) await send(route, { ...request, path: LOGOUT });
  expect((await send(route, request)).status).toBe(429);
}

/** How the protected path is spelled by a variant that spells the logout like this. */
const SPELLINGS: readonly (readonly [RegExp, string])[] = [
  [/%6cogout/i, '%6de'],
  [/LOGOUT/, 'ME'],
  [/[^/]+(?=\/?$)/, PROTECTED_PATH.slice(-2)],
];

async function everyVariantProtected({ last, route }: CaseRun): Promise<void> {
  const { path } = last.request;
  const [pattern, spelling] = SPELLINGS.find(([each]) => each.test(path)) ?? [];
  if (pattern === undefined || spelling === undefined) throw new Error(`No path: ${path}`);
  const status = await statusWithoutToken(route, path.replace(pattern, spelling));
  expect([401, 404]).toContain(status);
}

async function statusWithoutToken(route: Route, path: string): Promise<number> {
  const request = { method: 'GET', path, headers: [], body: Buffer.alloc(0) };
  return (await send(route, request)).status;
}
