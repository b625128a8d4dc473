import { ANSWERS, answerOf, type WholeAnswer } from '../support/answers';
import { LOGOUT } from '../support/app';
import { headerOf } from './required-status';
import type { WireAnswer, WireRequest } from './wire';

/** One request and its answer. */
export interface Exchange {
  readonly request: WireRequest;
  readonly answer: WireAnswer;
}

const BY_STATUS: Readonly<Record<number, readonly WholeAnswer[]>> = {
  200: [ANSWERS.loggedOut],
  400: [ANSWERS.badRequest],
  403: [ANSWERS.expired],
  405: [ANSWERS.methodNotAllowed],
  413: [ANSWERS.tooLarge],
  415: [ANSWERS.unsupported],
  429: [ANSWERS.tooMany],
};

/** What the service answers where Node's parser refuses. */
const PARSER_STATUSES = [400, 408, 431];

/** Words of stacks, SQL and libraries: none may leave the service. */
export const INTERNALS = new RegExp(
  [
    String.raw`\bat \S+ \(|\bat /|node_modules`,
    String.raw`\b(?:SELECT|INSERT|UPDATE|DELETE|DROP|CREATE) +(?:FROM|INTO|TABLE|\*)`,
    'jsonwebtoken|JsonWebToken|passport|typeorm|QueryFailed|SyntaxError|TypeError',
    'Unexpected token|in JSON at|jwt malformed|invalid signature',
  ].join('|'),
  'i',
);

/** Whether HTTP's parser refused it: no framework has seen the request, and added its headers. */
export function isOfParser({ status, headers, text }: WireAnswer): boolean {
  return (
    PARSER_STATUSES.includes(status) &&
    text === ANSWERS.badRequest.text &&
    headers['cache-control']?.join() === 'no-store' &&
    headers['content-security-policy'] === undefined
  );
}

/** What must be true of every answer, whatever was asked. */
export function checkAnswer({ request, answer }: Exchange, tokens: ReadonlySet<string>): void {
  expect(answer.status).toBeLessThan(500);
  const everything = `${JSON.stringify(answer.headers)}\n${answer.text}`;
  expect(everything).not.toMatch(INTERNALS);
  expect(leakedInto(everything, tokens)).toEqual([]);
  const isOurs = request.path.split('?')[0] === LOGOUT && request.method !== 'OPTIONS';
  if (isOurs && !isOfParser(answer)) checkEnvelope(request, answer);
}

/** Every answer of the logout route, as a whole and to the byte. */
function checkEnvelope(request: WireRequest, answer: WireAnswer): void {
  const headers = Object.fromEntries(
    Object.entries(answer.headers).map(([name, values]) => [name, values.join()]),
  );
  const whole = answerOf({ status: answer.status, text: answer.text, headers });
  const documented = answer.status === 401 ? unauthorized(request) : BY_STATUS[answer.status];
  if (request.method === 'HEAD') expect(answer.status).toBe(405);
  else expect(documented).toContainEqual(whole);
}

function unauthorized(request: WireRequest): readonly WholeAnswer[] {
  const authorization = headerOf(request, 'authorization');
  if (authorization === undefined) return [ANSWERS.missing];
  return /^bearer /i.test(authorization) ? [ANSWERS.refused] : [ANSWERS.missing, ANSWERS.refused];
}

const SIGNATURE_START = 20;

/** The tokens whose signature, or the beginning of it, stands in a text. */
export function leakedInto(text: string, tokens: ReadonlySet<string>): string[] {
  return [...tokens].filter((token) =>
    signatureStarts(token).some((start) => text.includes(start)),
  );
}

/** In base64url, in the standard alphabet, and as hex. */
function signatureStarts(token: string): string[] {
  const signature = token.split('.')[2] ?? '';
  // One of zeros alone could be found anywhere.
  if (!/^[\w-]{40,}/.test(signature) || /^A+$/.test(signature)) return [];
  const start = signature.slice(0, SIGNATURE_START);
  const standard = start.replaceAll('-', '+').replaceAll('_', '/');
  return [start, standard, Buffer.from(start, 'base64url').toString('hex')];
}
