import type { Test } from 'supertest';
import request from 'supertest';
import { ANSWERS, answerOf, type WholeAnswer } from '../support/answers';
import { LOGOUT, PLATFORMS, TestApp } from '../support/app';
import { auditOf } from '../support/audit';
import { chunk, exchange, head, LAST_CHUNK, openSocket } from '../support/wire';

const MAX_BYTES = 16_384;
const JSON_TYPE = 'Content-Type: application/json';

/** A logout whose body is exactly these bytes, under this type. */
function send(app: TestApp, body: string | Buffer, type = 'application/json'): Test {
  return app
    .post()
    .set('Authorization', `Bearer ${app.issuer.token()}`)
    .set('Content-Type', type)
    .serialize(String)
    .send(body.toString('latin1'));
}

/** A raw logout with a live bearer; `headers` frame what follows. */
function raw(app: TestApp, headers: readonly string[], ...body: (string | Buffer)[]) {
  const bearer = `Authorization: Bearer ${app.issuer.token()}`;
  return exchange(app.url, head(`POST ${LOGOUT}`, bearer, ...headers), ...body);
}

/** A body that names the token and is exactly so many bytes long. */
function padded(token: string, bytes: number): string {
  const body = JSON.stringify({ token, padding: '' });
  return body.replace('"padding":""', `"padding":"${'x'.repeat(bytes - body.length)}"`);
}

describe.each(PLATFORMS)('The gate on %s', (platform) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start(platform);
  });
  afterAll(() => app.close());

  describe('takes POST alone', () => {
    it.each(['get', 'put', 'patch', 'delete', 'trace'] as const)('%s is a 405', async (method) => {
      const token = app.issuer.token();
      const answer = await request(app.url)[method](LOGOUT).set('Authorization', `Bearer ${token}`);
      expect(answerOf(answer)).toEqual(ANSWERS.methodNotAllowed);
      await app.me(token).expect(200);
    });

    it.each(['PURGE', 'QUERY', 'PROPFIND', 'M-SEARCH'])('%s is a 405', async (method) => {
      const answer = await exchange(app.url, head(`${method} ${LOGOUT}`));
      expect(answerOf(answer)).toEqual(ANSWERS.methodNotAllowed);
    });

    it('HEAD is a 405 without a body', async () => {
      const answer = await exchange(app.url, head(`HEAD ${LOGOUT}`));
      expect(answerOf(answer)).toEqual({ ...ANSWERS.methodNotAllowed, text: '' });
    });

    it.each([
      ['malformed JSON', JSON_TYPE],
      ['a form', 'Content-Type: application/x-www-form-urlencoded'],
      ['an unknown type', 'Content-Type: canary/canary'],
    ])('OPTIONS with %s is no preflight but a 405', async (_, type) => {
      const lines = head(`OPTIONS ${LOGOUT}`, type, 'Content-Length: 7');
      expect(answerOf(await exchange(app.url, lines, '{canary'))).toEqual(ANSWERS.methodNotAllowed);
    });
  });

  describe('takes JSON in UTF-8 alone', () => {
    it.each([
      'application/json',
      'Application/JSON',
      'application/json;charset=utf-8',
      'application/json;charset=UTF-8',
      'application/json; charset="utf-8"',
      'application/json ; charset=utf-8 ',
      'application/json \t;\t charset=utf-8\t ',
      'application/json;',
      'application/json; profile=x',
      'application/json; charset=utf-8; profile="a;b"',
    ])('%j is let in', async (type) => {
      expect(answerOf(await send(app, '{}', type))).toEqual(ANSWERS.refused);
    });

    it.each([
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'text/plain',
      'text/plain; x=application/json',
      'text/json',
      'application/json; charset=utf-16',
      'application/json; charset=utf-32be',
      'application/json; charset=iso-8859-1',
      'application/json; charset=latin1',
      'application/json; charset=utf-8; charset=utf-16',
      'application/json; charset="utf-8',
      'application/json; charset=',
      'application/json; profile=x; charset=utf-16',
      'application/json; profile',
      'application/json, text/plain',
      'application/jsonp',
      'application/ld+json',
      'xapplication/json',
      'json',
      'canary',
    ])('%j is a 415', async (type) => {
      expect(answerOf(await send(app, '{}', type))).toEqual(ANSWERS.unsupported);
    });

    it('a body of no type is a 415, declared or chunked', async () => {
      const declared = await raw(app, ['Content-Length: 2'], '{}');
      const chunked = await raw(app, ['Transfer-Encoding: chunked'], chunk('{}'), LAST_CHUNK);
      expect(answerOf(declared)).toEqual(ANSWERS.unsupported);
      expect(answerOf(chunked)).toEqual(ANSWERS.unsupported);
    });

    it('a type counts for nothing where no body comes', async () => {
      const answer = await raw(app, ['Content-Type: text/plain', 'Content-Length: 0']);
      expect(answerOf(answer)).toEqual(ANSWERS.refused);
    });

    it.each(['gzip', 'deflate', 'br', 'x-unknown', 'identity, gzip'])(
      'content encoding %s is a 415',
      async (encoding) => {
        const answer = await send(app, '{}').set('Content-Encoding', encoding);
        expect(answerOf(answer)).toEqual(ANSWERS.unsupported);
      },
    );

    it.each(['identity', 'Identity'])('content encoding %s is none', async (encoding) => {
      const answer = await send(app, '{}').set('Content-Encoding', encoding);
      expect(answerOf(answer)).toEqual(ANSWERS.refused);
    });

    it('a form from another site revokes nothing', async () => {
      const token = app.issuer.token();
      await app
        .post()
        .set('Authorization', `Bearer ${token}`)
        .set('Cookie', `access_token=${token}`)
        .type('form')
        .send({ token })
        .expect(415);
      await app.me(token).expect(200);
    });
  });

  describe('takes 16 KB at most', () => {
    it('a declared body of exactly 16 KB logs out', async () => {
      const token = app.issuer.token();
      expect(answerOf(await send(app, padded(token, MAX_BYTES)))).toEqual(ANSWERS.loggedOut);
      await app.me(token).expect(401);
    });

    it('a declared byte more is a 413', async () => {
      const token = app.issuer.token();
      expect(answerOf(await send(app, padded(token, MAX_BYTES + 1)))).toEqual(ANSWERS.tooLarge);
      await app.me(token).expect(200);
    });

    it('the declaration is enough: the answer does not wait for the bytes', async () => {
      const answer = await raw(app, [JSON_TYPE, `Content-Length: ${MAX_BYTES + 1}`]);
      expect(answerOf(answer)).toEqual(ANSWERS.tooLarge);
    });

    it('a chunked body of exactly 16 KB logs out', async () => {
      const token = app.issuer.token();
      const body = padded(token, MAX_BYTES);
      const chunks = [chunk(body.slice(0, 9000)), chunk(body.slice(9000)), LAST_CHUNK];
      const answer = await raw(app, [JSON_TYPE, 'Transfer-Encoding: chunked'], ...chunks);
      expect(answerOf(answer)).toEqual(ANSWERS.loggedOut);
      await app.me(token).expect(401);
    });

    it('a chunked byte more is a 413', async () => {
      const body = padded(app.issuer.token(), MAX_BYTES + 1);
      const chunks = [chunk(body.slice(0, MAX_BYTES)), chunk(body.slice(MAX_BYTES)), LAST_CHUNK];
      const answer = await raw(app, [JSON_TYPE, 'Transfer-Encoding: chunked'], ...chunks);
      expect(answerOf(answer)).toEqual(ANSWERS.tooLarge);
    });

    it('a flood is answered, however long it goes on', async () => {
      const flood = Array.from({ length: 64 }, () => chunk('x'.repeat(65_536)));
      const answer = await raw(
        app,
        [JSON_TYPE, 'Transfer-Encoding: chunked'],
        ...flood,
        LAST_CHUNK,
      );
      expect(answerOf(answer)).toEqual(ANSWERS.tooLarge);
    });
  });

  describe('takes what can be read alone', () => {
    it.each([
      ['a cut object', '{"token":'],
      ['a bare word', '{"token":canary}'],
      ['single quotes', "{'token':'canary'}"],
      ['a trailing comma', '{"token":"canary",}'],
      ['two values', '{}{}'],
      ['a comment', '{} // canary'],
      ['NaN', 'NaN'],
      ['undefined', 'undefined'],
      ['blanks alone', '  \r\n'],
      ['a raw control character', '{"token":"a\u0001b"}'],
      ['16 384 open brackets', '['.repeat(MAX_BYTES)],
      ['a byte order mark', Buffer.from('\ufeff{}')],
      ['a stray byte', Buffer.from([0x22, 0xff, 0x22])],
      ['an overlong form', Buffer.from([0x22, 0xc0, 0xaf, 0x22])],
      ['a surrogate in UTF-8', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
      ['a cut character', Buffer.from([0x22, 0xe2, 0x82])],
      ['UTF-16', Buffer.from('{}', 'utf16le')],
    ])('%s is a 400', async (_, body) => {
      const bytes = Buffer.from(body);
      const answer = await raw(app, [JSON_TYPE, `Content-Length: ${bytes.length}`], bytes);
      expect(answerOf(answer)).toEqual(ANSWERS.badRequest);
    });

    it.each([
      ['nested 8 192 deep', `${'['.repeat(8192)}${']'.repeat(8192)}`],
      ['a token nested deep', `{"token":${'['.repeat(4000)}${']'.repeat(4000)}}`],
      ['a polluting key', '{"__proto__":{"token":"x"},"constructor":{"prototype":{"token":"x"}}}'],
      ['1 500 keys', `{${Array.from({ length: 1500 }, (_, i) => `"${i}":0`).join(',')}}`],
      ['an escaped lone surrogate', '{"token":"\\ud800"}'],
      ['characters of four bytes', '{"token":"😀"}'],
    ])('%s is readable JSON, though no token', async (_, body) => {
      const bytes = Buffer.from(body);
      const answer = await raw(app, [JSON_TYPE, `Content-Length: ${bytes.length}`], bytes);
      expect(answerOf(answer)).toEqual(ANSWERS.refused);
      expect({}).not.toHaveProperty('token');
    });

    it.each([
      ['no body and no type', []],
      ['no body of type JSON', [JSON_TYPE]],
      ['an empty declared body', [JSON_TYPE, 'Content-Length: 0']],
      ['an empty body of no type', ['Content-Length: 0']],
    ])('%s is a request without a token: 401', async (_, headers) => {
      expect(answerOf(await raw(app, headers))).toEqual(ANSWERS.refused);
    });

    it('an empty chunked body is a request without a token: 401', async () => {
      const answer = await raw(app, [JSON_TYPE, 'Transfer-Encoding: chunked'], LAST_CHUNK);
      expect(answerOf(answer)).toEqual(ANSWERS.refused);
    });

    it('a character split between two chunks stays whole', async () => {
      const token = app.issuer.token();
      const bytes = Buffer.from(JSON.stringify({ é: 'é', token }));
      const cut = bytes.indexOf(0xa9);
      const parts = [bytes.subarray(0, cut), bytes.subarray(cut)].flatMap((part) => [
        `${part.length.toString(16)}\r\n`,
        part,
        '\r\n',
      ]);
      const answer = await raw(
        app,
        [JSON_TYPE, 'Transfer-Encoding: chunked'],
        ...parts,
        LAST_CHUNK,
      );
      expect(answerOf(answer)).toEqual(ANSWERS.loggedOut);
    });

    it('a client that asks before it sends (100-continue) is told to go on', async () => {
      const token = app.issuer.token();
      const body = JSON.stringify({ token });
      const headers = [JSON_TYPE, `Content-Length: ${body.length}`, 'Expect: 100-continue'];
      expect(await raw(app, headers, body)).toMatchObject({ status: 100 });
      await app.me(token).expect(401);
    });
  });

  describe('refuses in its order', () => {
    const tooLong = `Content-Length: ${MAX_BYTES + 1}`;
    it.each<[string, string, readonly string[], string, WholeAnswer]>([
      [
        '405 before 415',
        'PUT',
        ['Content-Type: text/plain', 'Content-Length: 2'],
        '{}',
        ANSWERS.methodNotAllowed,
      ],
      ['405 before 413', 'PUT', [JSON_TYPE, tooLong], '', ANSWERS.methodNotAllowed],
      ['405 before 400', 'PATCH', [JSON_TYPE, 'Content-Length: 1'], '{', ANSWERS.methodNotAllowed],
      ['405 before 401', 'DELETE', [], '', ANSWERS.methodNotAllowed],
      ['415 before 413', 'POST', ['Content-Type: text/plain', tooLong], '', ANSWERS.unsupported],
      [
        '415 by encoding before 413',
        'POST',
        [JSON_TYPE, 'Content-Encoding: gzip', tooLong],
        '',
        ANSWERS.unsupported,
      ],
      [
        '415 before 400',
        'POST',
        ['Content-Type: text/plain', 'Content-Length: 1'],
        '{',
        ANSWERS.unsupported,
      ],
      [
        '415 before 401',
        'POST',
        ['Content-Type: text/plain', 'Content-Length: 2'],
        '{}',
        ANSWERS.unsupported,
      ],
      ['413 before 401', 'POST', [JSON_TYPE, tooLong], '', ANSWERS.tooLarge],
      ['413 before 400', 'POST', [JSON_TYPE, tooLong], '{'.repeat(MAX_BYTES + 1), ANSWERS.tooLarge],
      ['400 before 401', 'POST', [JSON_TYPE, 'Content-Length: 1'], '{', ANSWERS.badRequest],
    ])('%s', async (_, method, headers, body, answer) => {
      const lines = head(`${method} ${LOGOUT}`, ...headers);
      expect(answerOf(await exchange(app.url, lines, body))).toEqual(answer);
    });

    it.each([
      ['415', ['Content-Type: text/plain', 'Content-Length: 2'], '{}', ANSWERS.unsupported],
      ['413', [JSON_TYPE, tooLong], '', ANSWERS.tooLarge],
      ['400', [JSON_TYPE, 'Content-Length: 1'], '{', ANSWERS.badRequest],
    ])('%s before the 403 of an expired bearer', async (_, headers, body, answer) => {
      const bearer = `Authorization: Bearer ${app.issuer.expired()}`;
      const lines = head(`POST ${LOGOUT}`, bearer, ...headers);
      expect(answerOf(await exchange(app.url, lines, body))).toEqual(answer);
    });
  });

  describe('outlives its clients', () => {
    it.each([
      ['announced bytes', ['Content-Length: 500']],
      ['chunks', ['Transfer-Encoding: chunked']],
    ])('one that disconnects in the middle of %s harms no other', async (_, framing) => {
      const bearer = app.issuer.token();
      const lines = [`Authorization: Bearer ${bearer}`, JSON_TYPE, ...framing];
      const socket = await openSocket(app.url);
      socket.write(`${head(`POST ${LOGOUT}`, ...lines)}5\r\n{"tok`);
      await app.me(bearer).expect(200);
      socket.destroy();
      expect(answerOf(await app.logout(bearer))).toEqual(ANSWERS.loggedOut);
    });

    it('one that leaves before it is answered harms no other', async () => {
      const sockets = await Promise.all(Array.from({ length: 20 }, () => openSocket(app.url)));
      sockets.forEach((socket) => {
        socket.write(head(`POST ${LOGOUT}`, JSON_TYPE, 'Content-Length: 2'));
        socket.write('{}');
        socket.destroy();
      });
      expect(answerOf(await app.logout(app.issuer.token()))).toEqual(ANSWERS.loggedOut);
    });

    it('a connection that was refused serves the next request', async () => {
      const token = app.issuer.token();
      const body = JSON.stringify({ token });
      const first = head(`POST ${LOGOUT}`, 'Content-Type: text/plain', 'Content-Length: 5');
      const bearer = `Authorization: Bearer ${token}`;
      const next = head(`POST ${LOGOUT}`, bearer, JSON_TYPE, `Content-Length: ${body.length}`);
      const keepAlive = first.replace('Connection: close', 'Connection: keep-alive');
      const { text } = await exchange(app.url, keepAlive, 'xxxxx', next, body);
      expect(text).toContain('"Tipo de contenido no admitido"');
      expect(text).toContain('"Sesión cerrada exitosamente"');
    });
  });

  it('audits what it refuses, by cause and address', async () => {
    const store = await TestApp.start(platform);
    await request(store.url).get(LOGOUT);
    await send(store, '{}', 'text/plain');
    await send(store, '['.repeat(MAX_BYTES + 1));
    await send(store, '{');
    const events = await auditOf(store, { event: 'input_validation_fail', ip: '127.0.0.1' });
    expect(events.map(({ outcome, reason }) => [outcome, reason])).toEqual([
      ['failure', 'bad_request'],
      ['failure', 'content_too_large'],
      ['failure', 'unsupported_media_type'],
      ['failure', 'method_not_allowed'],
    ]);
    await store.close();
  });
});

describe.each(PLATFORMS)('Nothing a client sends on %s', (platform) => {
  const lines: string[] = [];
  const record = (...parts: unknown[]): void => {
    lines.push(parts.map(String).join(' '));
  };
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start(
      platform,
      {},
      {
        configure: (nest) => {
          nest.useLogger({ log: record, error: record, warn: record });
        },
      },
    );
  });
  afterAll(() => app.close());

  it.each([
    ['a malformed body', ['Content-Type: application/json'], '{"token":canary}'],
    ['a body token', ['Content-Type: application/json'], '{"token":"canary.canary.canary"}'],
    ['a content type', ['Content-Type: canary/canary'], 'canary'],
    ['a charset', ['Content-Type: application/json; charset=canary'], '{}'],
    ['an encoding', ['Content-Type: application/json', 'Content-Encoding: canary'], '{}'],
    [
      'a bearer',
      ['Authorization: Bearer canary.canary.canary', 'Content-Type: application/json'],
      '{}',
    ],
    ['a scheme', ['Authorization: Canary canary', 'Content-Type: application/json'], '{}'],
    ['a request id', ['X-Request-Id: canary canary', 'Content-Type: application/json'], '{}'],
  ])('as %s comes back or is logged', async (_, headers, body) => {
    const target = `${LOGOUT}?access_token=canary`;
    const length = `Content-Length: ${body.length}`;
    const answer = await exchange(app.url, head(`POST ${target}`, length, ...headers), body);
    await auditOf(app);
    expect(JSON.stringify(answer).toLowerCase()).not.toContain('canary');
    expect(lines.join('\n').toLowerCase()).not.toContain('canary');
  });

  it('keeps it from being logged at all: the logger does hear of the refusals', () => {
    expect(lines.join('\n')).toContain('"event":"input_validation_fail"');
  });
});
