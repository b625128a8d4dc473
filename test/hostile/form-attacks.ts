import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { chunk, head, LAST_CHUNK } from '../support/wire';
import { CANARY, FORM_TYPE, MAX_BODY_BYTES, METHODS, type Attack } from './session-attacks';

/** A route that takes a form, and a good request to it. */
export interface FormRoute {
  readonly path: string;
  /** The parameter that holds the token. */
  readonly parameter: string;
  readonly token: string;
  /** Lines of the head, such as the credentials of its caller. */
  readonly lines: readonly string[];
}

/** What is tried with a form, each with a token that would be good in another one. */
export function formAttacks({ path, parameter, token, lines }: FormRoute): readonly Attack[] {
  const good = `${parameter}=${token}`;
  const send = (name: string, more: readonly string[], ...body: (string | Buffer)[]): Attack => ({
    name,
    bytes: [head(`POST ${path}`, ...lines, ...more), ...body],
  });
  const form = (name: string, body: string | Buffer, type = FORM_TYPE, more = 'X: y'): Attack =>
    send(name, [`Content-Type: ${type}`, `Content-Length: ${Buffer.byteLength(body)}`, more], body);
  const chunked = [`Content-Type: ${FORM_TYPE}`, 'Transfer-Encoding: chunked'];
  return [
    ...METHODS.filter((method) => method !== 'POST').map((method) => ({
      name: method,
      bytes: [head(`${method} ${path}`, ...lines)],
    })),
    form('two tokens', `${good}&${good}`),
    form('two names of one parameter', `${good}&${parameter.replace('o', '%6f')}=${token}`),
    form('a list', `${parameter}[]=${token}&${parameter}[0]=${token}`),
    form('NUL behind the token', `${good}%00`),
    form('NUL as it is', Buffer.from(`${good}\0${CANARY}`)),
    form('NUL in a name', `\0${good}`),
    form('bytes that are no UTF-8', Buffer.from([0x74, 0xff, 0xfe])),
    form('a malformed escape', `${parameter}=%zz${CANARY}`),
    form('no token', `other=${CANARY}`),
    form('no value', `${parameter}=`),
    form('nothing', ''),
    form('a thousand parameters', Array.from({ length: 1000 }, (_, i) => `p${i}=1`).join('&')),
    form('polluting names', `__proto__=${CANARY}&constructor[prototype]=${CANARY}`),
    form('dots alone', `${parameter}=${'.'.repeat(8000)}`),
    form('a payload of brackets', `${parameter}=${nested()}`),
    form('JSON', JSON.stringify({ [parameter]: token }), 'application/json'),
    form('a multipart form', good, 'multipart/form-data; boundary=x'),
    form('UTF-16', Buffer.from(good, 'utf16le'), `${FORM_TYPE}; charset=utf-16`),
    form('no media type at all', good, CANARY),
    form('an encoding', good, FORM_TYPE, 'Content-Encoding: gzip'),
    send('no type', [`Content-Length: ${good.length}`], good),
    send('a huge body', [...chunked.slice(0, 1), `Content-Length: ${MAX_BODY_BYTES + 1}`]),
    send('a length of digits', [...chunked.slice(0, 1), `Content-Length: ${'9'.repeat(40)}`]),
    send('a flood', chunked, ...Array.from({ length: 8 }, () => chunk('x'.repeat(65_536)))),
    send('many small chunks', chunked, chunk('x').repeat(MAX_BODY_BYTES + 1), LAST_CHUNK),
    send('no chunk', chunked, 'zz\r\n'),
    send('two lengths', [...chunked, 'Content-Length: 3'], 'abc'),
    send('20 KB of one header', [`X-Flood: ${CANARY.repeat(2000)}`]),
    send(
      '3000 headers',
      Array.from({ length: 3000 }, (_, i) => `X${i}: 1`),
    ),
    send('NUL in a header', [`X-Nul: \0${CANARY}`]),
  ];
}

/** Credentials of HTTP Basic that are none. @param good `id:secret` */
export function basicAttacks(path: string, good: string): readonly Attack[] {
  const encoded = (value: string | Buffer): string => Buffer.from(value).toString('base64');
  const attack = (name: string, ...authorizations: readonly string[]): Attack => {
    const lines = authorizations.map((each) => `Authorization: ${each}`);
    const body = `token=${CANARY}`;
    const form = [`Content-Type: ${FORM_TYPE}`, `Content-Length: ${body.length}`];
    return { name, bytes: [head(`POST ${path}`, ...lines, ...form), body] };
  };
  return [
    attack('no credentials'),
    attack('empty ones', 'Basic '),
    attack('another scheme', `Bearer ${encoded(good)}`),
    attack('two in one', `Basic ${encoded(good)}, Basic ${encoded(good)}`),
    attack('no colon', `Basic ${encoded(CANARY)}`),
    attack('no base64', `Basic ${CANARY}%%%`),
    attack('a malformed escape', `Basic ${encoded(`%zz:${CANARY}`)}`),
    attack('NUL', `Basic ${encoded(`${good}\0`)}`),
    attack('bytes that are no UTF-8', `Basic ${encoded(Buffer.from([0xff, 0x3a, 0xfe]))}`),
    attack('a name of Object', `Basic ${encoded(`__proto__:${CANARY}`)}`),
    attack('8 KB', `Basic ${encoded(CANARY.repeat(600))}`),
  ];
}

/** A body that goes on until the server has answered. */
export async function endless(
  url: string,
  headers: Readonly<Record<string, string>>,
): Promise<{ readonly status: number; readonly text: string }> {
  const sent = request(url, { method: 'POST', headers: { ...headers, 'content-type': FORM_TYPE } });
  const answered = once(sent, 'response') as Promise<[IncomingMessage]>;
  // The server closes in the midst of it.
  sent.on('error', () => undefined);
  const body = new Readable({
    read(): void {
      this.push(Buffer.alloc(16_384, 'x'));
    },
  });
  body.pipe(sent);
  try {
    const [response] = await answered;
    return { status: response.statusCode ?? 0, text: await text(response) };
  } finally {
    body.destroy();
    sent.destroy();
  }
}

/** A JWT whose payload is brackets in brackets. */
function nested(): string {
  const part = (value: string): string => Buffer.from(value).toString('base64url');
  return `${part('{"alg":"ES256"}')}.${part('['.repeat(3000) + ']'.repeat(3000))}.${part(CANARY)}`;
}
