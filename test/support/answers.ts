import type { Response } from 'supertest';
import { DOCUMENTED } from './app';

/** Everything about an answer that the contract speaks of; `null`: the header is absent. */
export interface WholeAnswer {
  readonly status: number;
  readonly text: string;
  readonly type: string | null;
  readonly cacheControl: string | null;
  readonly sniffing: string | null;
  readonly challenge: string | null;
  readonly allow: string | null;
  readonly setCookie: string | null;
  readonly clearSiteData: string | null;
}

type Head = Readonly<Record<string, string | readonly string[] | undefined>>;

/** What came back, reduced to what the contract speaks of. */
export function answerOf({
  status,
  text,
  headers,
}: Pick<Response, 'status' | 'text'> & { readonly headers: Head }): WholeAnswer {
  const header = (name: string): string | null => headers[name]?.toString() ?? null;
  return {
    status,
    text,
    type: header('content-type'),
    cacheControl: header('cache-control'),
    sniffing: header('x-content-type-options'),
    challenge: header('www-authenticate'),
    allow: header('allow'),
    setCookie: header('set-cookie'),
    clearSiteData: header('clear-site-data'),
  };
}

const documented = (
  status: number,
  text: string,
  rest: Partial<WholeAnswer> = {},
): WholeAnswer => ({
  status,
  text,
  type: 'application/json; charset=utf-8',
  cacheControl: 'no-store',
  sniffing: 'nosniff',
  challenge: null,
  allow: null,
  setCookie: null,
  clearSiteData: null,
  ...rest,
});

const INVALID = { challenge: 'Bearer error="invalid_token"' };

/** The documented answers, each as a whole. */
export const ANSWERS = {
  loggedOut: documented(200, DOCUMENTED.loggedOut),
  missing: documented(401, DOCUMENTED.refused, { challenge: 'Bearer' }),
  refused: documented(401, DOCUMENTED.refused, INVALID),
  expired: documented(403, DOCUMENTED.expired, INVALID),
  internal: documented(500, DOCUMENTED.internal),
  badRequest: documented(400, DOCUMENTED.badRequest),
  tooMany: documented(429, DOCUMENTED.tooMany),
  methodNotAllowed: documented(405, '{"success":false,"message":"Método no permitido"}', {
    allow: 'POST',
  }),
  tooLarge: documented(413, '{"success":false,"message":"Solicitud demasiado grande"}'),
  unsupported: documented(415, '{"success":false,"message":"Tipo de contenido no admitido"}'),
} as const;
