import { LogoutAnswers, MESSAGES } from '../../../src/web/answers';
import { RefusalCounts } from '../../../src/metrics/refusal-counts';
import { StoreUnavailableError, TokenRejectedError } from '../../../src/revocation/errors';

const answers = new LogoutAnswers(MESSAGES.es, 403);
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
    ['method_not_allowed', 405, false, 'Método no permitido', {}],
    ['limit_by_address', 429, false, 'Demasiadas solicitudes', {}],
    ['unsupported_media_type', 415, false, 'Tipo de contenido no admitido', {}],
    ['content_too_large', 413, false, 'Solicitud demasiado grande', {}],
    ['bad_request', 400, false, 'Solicitud inválida', {}],
    ['NOT_FOUND', 404, false, 'No encontrado', {}],
  ] as const)('means by %s one answer', (code, status, success, message, headers) => {
    expect(answers.answer(code)).toEqual({
      status,
      body: { success, message },
      headers: { ...ALWAYS, ...headers },
    });
  });

  it('adds the headers that only the asker knows', () => {
    const { headers } = answers.answer('limit_by_address', { 'Retry-After': '7' });
    expect(headers).toEqual({ ...ALWAYS, 'Retry-After': '7' });
  });

  it('takes another status for an expired token, and for nothing else', () => {
    const strict = new LogoutAnswers(MESSAGES.en, 401);
    expect(strict.answer('TOKEN_EXPIRED')).toMatchObject({
      status: 401,
      body: { message: 'The token has expired' },
    });
    expect(strict.answer('bad_request').status).toBe(400);
  });

  it.each([
    [new TokenRejectedError('TOKEN_MISSING'), 'TOKEN_MISSING'],
    [new TokenRejectedError('TOKEN_NOT_OWN', 'token_not_own'), 'TOKEN_NOT_OWN'],
    [new StoreUnavailableError('answer'), 'STORE_UNAVAILABLE'],
    [new Error('canary'), 'STORE_UNAVAILABLE'],
    [{ code: 'LOGGED_OUT' }, 'STORE_UNAVAILABLE'],
    [undefined, 'STORE_UNAVAILABLE'],
  ] as const)('answers the error %p by its code alone', (error, code) => {
    expect(answers.answerError(error)).toEqual(answers.answer(code));
  });

  it.each([
    [400, 'bad_request'],
    [401, 'TOKEN_INVALID'],
    [404, 'NOT_FOUND'],
    [405, 'method_not_allowed'],
    [413, 'content_too_large'],
    [415, 'unsupported_media_type'],
    [429, 'limit_by_address'],
    [500, 'STORE_UNAVAILABLE'],
  ] as const)('has words of its own for a %i', (status, code) => {
    expect(answers.answerStatus(status)).toEqual(answers.answer(code));
  });

  it.each([
    [403, 'Solicitud inválida'],
    [499, 'Solicitud inválida'],
    [503, 'Error interno del servidor'],
  ])('keeps a %i that was decided elsewhere', (status, message) => {
    expect(answers.answerStatus(status)).toMatchObject({
      status,
      body: { success: false, message },
    });
  });

  it.each([
    'method_not_allowed',
    'limit_by_address',
    'unsupported_media_type',
    'content_too_large',
    'bad_request',
  ] as const)('counts the gate’s %s, and answers it', (code) => {
    const counts = new RefusalCounts();
    const counting = new LogoutAnswers(MESSAGES.es, 403, counts);
    const headers = { Allow: 'POST' };
    expect(counting.refuse(code, headers)).toEqual(answers.answer(code, headers));
    expect(new Map(counts).get(code)).toBe(1);
  });

  it('counts a rejected token once, and no answer that was decided elsewhere', () => {
    const counts = new RefusalCounts();
    const counting = new LogoutAnswers(MESSAGES.es, 403, counts);
    counting.answerError(new TokenRejectedError('TOKEN_INVALID', 'signature'));
    counting.answerStatus(401);
    counting.answer('LOGGED_OUT');
    expect([...counts].filter(([, count]) => count > 0)).toEqual([['signature', 1]]);
  });

  it('has every sentence in every language', () => {
    expect(Object.keys(MESSAGES.en)).toEqual(Object.keys(MESSAGES.es));
  });
});
