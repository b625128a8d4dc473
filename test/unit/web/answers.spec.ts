import { Contract, MESSAGES } from '../../../src/web/answers';
import { RefusalCounts } from '../../../src/metrics/refusal-counts';
import { StoreUnavailableError, TokenRejectedError } from '../../../src/revocation/errors';

const contract = new Contract(MESSAGES.es, 403);
const ALWAYS = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' };
const INVALID = { 'WWW-Authenticate': 'Bearer error="invalid_token"' };

describe('The contract', () => {
  it.each([
    ['LOGGED_OUT', 200, true, 'Sesión cerrada exitosamente', {}],
    [
      'TOKEN_MISSING',
      401,
      false,
      'Token no proporcionado o inválido',
      { 'WWW-Authenticate': 'Bearer' },
    ],
    ['TOKEN_INVALID', 401, false, 'Token no proporcionado o inválido', INVALID],
    ['TOKEN_REVOKED', 401, false, 'Token no proporcionado o inválido', INVALID],
    ['TOKEN_NOT_OWN', 401, false, 'Token no proporcionado o inválido', INVALID],
    ['TOKEN_EXPIRED', 403, false, 'El token ha expirado', INVALID],
    ['STORE_UNAVAILABLE', 500, false, 'Error interno del servidor', {}],
    ['METHOD_NOT_ALLOWED', 405, false, 'Método no permitido', {}],
    ['TOO_MANY_REQUESTS', 429, false, 'Demasiadas solicitudes', {}],
    ['UNSUPPORTED_MEDIA_TYPE', 415, false, 'Tipo de contenido no admitido', {}],
    ['CONTENT_TOO_LARGE', 413, false, 'Solicitud demasiado grande', {}],
    ['BAD_REQUEST', 400, false, 'Solicitud inválida', {}],
    ['NOT_FOUND', 404, false, 'No encontrado', {}],
  ] as const)('means by %s one answer', (code, status, success, message, headers) => {
    expect(contract.answer(code)).toEqual({
      status,
      body: { success, message },
      headers: { ...ALWAYS, ...headers },
    });
  });

  it('adds the headers that only the asker knows', () => {
    const { headers } = contract.answer('TOO_MANY_REQUESTS', { 'Retry-After': '7' });
    expect(headers).toEqual({ ...ALWAYS, 'Retry-After': '7' });
  });

  it('takes another status for an expired token, and for nothing else', () => {
    const strict = new Contract(MESSAGES.en, 401);
    expect(strict.answer('TOKEN_EXPIRED')).toMatchObject({
      status: 401,
      body: { message: 'The token has expired' },
    });
    expect(strict.answer('BAD_REQUEST').status).toBe(400);
  });

  it.each([
    [new TokenRejectedError('TOKEN_MISSING'), 'TOKEN_MISSING'],
    [new TokenRejectedError('TOKEN_NOT_OWN', 'detail'), 'TOKEN_NOT_OWN'],
    [new StoreUnavailableError('answer'), 'STORE_UNAVAILABLE'],
    [new Error('canary'), 'STORE_UNAVAILABLE'],
    [{ code: 'LOGGED_OUT' }, 'STORE_UNAVAILABLE'],
    [undefined, 'STORE_UNAVAILABLE'],
  ] as const)('answers the error %p by its code alone', (error, code) => {
    expect(contract.answerError(error)).toEqual(contract.answer(code));
  });

  it.each([
    [400, 'BAD_REQUEST'],
    [401, 'TOKEN_INVALID'],
    [404, 'NOT_FOUND'],
    [405, 'METHOD_NOT_ALLOWED'],
    [413, 'CONTENT_TOO_LARGE'],
    [415, 'UNSUPPORTED_MEDIA_TYPE'],
    [429, 'TOO_MANY_REQUESTS'],
    [500, 'STORE_UNAVAILABLE'],
  ] as const)('has words of its own for a %i', (status, code) => {
    expect(contract.answerStatus(status)).toEqual(contract.answer(code));
  });

  it.each([
    [403, 'Solicitud inválida'],
    [499, 'Solicitud inválida'],
    [503, 'Error interno del servidor'],
  ])('keeps a %i that somebody else decided', (status, message) => {
    expect(contract.answerStatus(status)).toMatchObject({
      status,
      body: { success: false, message },
    });
  });

  it.each([
    'METHOD_NOT_ALLOWED',
    'TOO_MANY_REQUESTS',
    'UNSUPPORTED_MEDIA_TYPE',
    'CONTENT_TOO_LARGE',
    'BAD_REQUEST',
  ] as const)('counts the door’s %s, and answers it', (code) => {
    const counts = new RefusalCounts();
    const counting = new Contract(MESSAGES.es, 403, counts);
    const headers = { Allow: 'POST' };
    expect(counting.refuse(code, headers)).toEqual(contract.answer(code, headers));
    expect(new Map(counts).get(code.toLowerCase())).toBe(1);
  });

  it('counts a rejected token once, and no answer that somebody else decided', () => {
    const counts = new RefusalCounts();
    const counting = new Contract(MESSAGES.es, 403, counts);
    counting.answerError(new TokenRejectedError('TOKEN_INVALID', 'signature'));
    counting.answerStatus(401);
    counting.answer('LOGGED_OUT');
    expect([...counts].filter(([, count]) => count > 0)).toEqual([['signature', 1]]);
  });

  it('has every sentence in every language', () => {
    expect(Object.keys(MESSAGES.en)).toEqual(Object.keys(MESSAGES.es));
  });
});
