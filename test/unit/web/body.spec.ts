import { once } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import { PassThrough, Readable } from 'node:stream';
import {
  announcesBody,
  holding,
  readBody,
  type Body,
  type BodyRequest,
} from '../../../src/web/body';

const MAX_BYTES = 16_384;
const JSON_TYPE = { 'content-type': 'application/json' };
const FORM_TYPE = { 'content-type': 'application/x-www-form-urlencoded' };
const CHUNKED = { ...JSON_TYPE, 'transfer-encoding': 'chunked' };
const RULES = { body: 'json', maxBodyBytes: MAX_BYTES } as const;

const readFrom = (
  stream: Readable,
  headers: IncomingHttpHeaders,
  more: Partial<BodyRequest> = {},
): Promise<Body> => readBody({ stream, headers, ...more }, RULES);
const read = (...chunks: (string | Buffer)[]) =>
  readFrom(Readable.from(chunks.map((each) => Buffer.from(each))), CHUNKED);
const ended = async (): Promise<Readable> => {
  const stream = new PassThrough().end();
  await stream.resume().toArray();
  return stream;
};

describe('Whether a body is announced', () => {
  it.each([
    [{}, false],
    [{ 'content-length': '0' }, false],
    [{ 'content-length': '1' }, true],
    [{ 'transfer-encoding': 'chunked' }, true],
  ])('%j: %p', (headers, expected) => {
    expect(announcesBody(headers)).toBe(expected);
  });
});

describe('A body without bytes needs no media type', () => {
  it.each([
    ['none', {}],
    ['none of a form', { ...FORM_TYPE, 'content-length': '0' }],
    ['none in an encoding', { 'content-encoding': 'gzip' }],
    ['chunks without bytes', { ...FORM_TYPE, 'transfer-encoding': 'chunked' }],
  ])('%s', async (_, headers) => {
    expect(await readFrom(new PassThrough().end(), headers)).toEqual({
      kind: 'read',
      value: undefined,
    });
  });
});

describe('A body of another kind', () => {
  it.each([
    ['a body of no type', { 'content-length': '1' }],
    ['chunks of no type', { 'transfer-encoding': 'chunked' }],
    ['a type that only begins like JSON', { 'content-type': 'application/json5' }],
    ['a type that only ends like JSON', { 'content-type': 'x-application/json' }],
    ['an encoding', { ...JSON_TYPE, 'content-encoding': 'gzip' }],
    ['an empty encoding', { ...JSON_TYPE, 'content-encoding': '' }],
    ['a type before a length', { 'content-type': 'text/plain', 'content-length': '99999' }],
    [
      'an encoding before a length',
      { ...JSON_TYPE, 'content-encoding': 'br', 'content-length': '99999' },
    ],
  ])('is refused: %s', async (_, own: IncomingHttpHeaders) => {
    const headers = { 'content-length': '2', ...own };
    const streamed = new PassThrough().end('{}');
    expect(await readFrom(streamed, headers)).toEqual({
      kind: 'refused',
      reason: 'unsupported_media_type',
    });
  });

  it('is refused by its first chunk where it has no length', async () => {
    const stream = new PassThrough();
    const reading = readFrom(stream, { ...FORM_TYPE, 'transfer-encoding': 'chunked' });
    stream.write('token=');
    expect(await reading).toEqual({ kind: 'refused', reason: 'unsupported_media_type' });
  });

  it('is refused a byte over 16 KB by its length alone', async () => {
    const headers = { ...JSON_TYPE, 'content-length': '16385' };
    expect(await readFrom(new PassThrough(), headers)).toEqual({
      kind: 'refused',
      reason: 'content_too_large',
    });
  });
});

describe('A media type with parameters (RFC 9110 §5.6.6, §8.3.1)', () => {
  const isTaken = async (parameters: string): Promise<boolean> => {
    const headers = { 'content-type': `application/json${parameters}`, 'content-length': '2' };
    const body = await readFrom(new PassThrough().end('{}'), headers);
    if (body.kind === 'refused') expect(body.reason).toBe('unsupported_media_type');
    return body.kind === 'read';
  };

  it.each([
    ...['', ' ', ';', '; ', ' ;\t', ';;', '; ; charset=utf-8 ;'],
    ...[';charset=utf-8', '; charset=UTF-8', '; Charset="utf-8"', ';charset="u\\tf-8"'],
    ...['; charset=utf-8; x=y', ';x=y', ';x="a;b, \\"c"', '; x=""; charset=utf-8'],
    ...[';charset=utf-8;charset=utf-8', ';profile="https://a.example/?charset=latin1"'],
  ])('is taken: %j', async (parameters) => {
    expect(await isTaken(parameters)).toBe(true);
  });

  it.each([
    ...['; charset=latin1', ';charset=', ';charset=""', ';charset="utf-8', ';charset=utf-8 x'],
    ...[';charset=utf-8;charset=latin1', '; x=y; charset=utf-16', '; charset = utf-8'],
    ...[';x', '; x=a b', ';x="', ';x=a"', ',', ', text/plain', '; charset=utf-8, text/plain'],
    ...['x', '+x', ' x', '/x', '; ü=1', `;x="${'a'.repeat(9000)}`],
  ])('is refused: %j', async (parameters) => {
    expect(await isTaken(parameters)).toBe(false);
  });
});

describe('A body over HTTP/2, which need not announce it', () => {
  it.each([
    ['JSON', JSON_TYPE, '{"a":1}', { kind: 'read', value: { a: 1 } }],
    ['nothing', {}, '', { kind: 'read', value: undefined }],
    ['a form', FORM_TYPE, 'a=1', { kind: 'refused', reason: 'unsupported_media_type' }],
  ])('%s', async (_, headers, text, body) => {
    const stream = new PassThrough().end(text);
    expect(await readFrom(stream, headers, { httpVersionMajor: 2 })).toEqual(body);
  });
});

describe('A body that was read before us', () => {
  const HEAD = { ...JSON_TYPE, 'content-length': '7' };

  it.each([
    ['as an object', { body: { a: 1 } }, { a: 1 }],
    ['as bytes', { rawBody: Buffer.from('{"a":1}') }, { a: 1 }],
    ['as an object and bytes', { body: { a: 2 }, rawBody: Buffer.from('{"a":1}') }, { a: 1 }],
    ['as text', { body: '{"a":1}' }, { a: 1 }],
    ['and was kept', {}, undefined],
  ])('%s', async (_, more, value) => {
    expect(await readFrom(await ended(), HEAD, more)).toEqual({ kind: 'read', value });
  });

  it.each([
    ['a form', { ...FORM_TYPE, 'content-length': '3' }, { body: { a: '1' } }],
    ['a form in chunks', { ...FORM_TYPE, 'transfer-encoding': 'chunked' }, { body: { a: '1' } }],
    ['bytes of no type', {}, { rawBody: Buffer.from('{}') }],
  ])('is refused all the same: %s', async (_, headers, more) => {
    expect(await readFrom(await ended(), headers, more)).toEqual({
      kind: 'refused',
      reason: 'unsupported_media_type',
    });
  });

  it('is refused where it is too large', async () => {
    const rawBody = Buffer.alloc(MAX_BYTES + 1, '1');
    expect(await readFrom(await ended(), JSON_TYPE, { rawBody })).toEqual({
      kind: 'refused',
      reason: 'content_too_large',
    });
  });

  it('is none where a parser left an empty object', async () => {
    expect(await readFrom(await ended(), { ...FORM_TYPE }, { body: {} })).toEqual({
      kind: 'read',
      value: undefined,
    });
  });
});

describe('A rawBody that a middleware has yet to fill', () => {
  const HEAD = { ...JSON_TYPE, 'content-length': '7' };

  it.each(['', Buffer.alloc(0)])('is no body while it is empty', async (rawBody) => {
    const stream = new PassThrough().end('{"a":1}');
    expect(await readFrom(stream, HEAD, { rawBody })).toEqual({ kind: 'read', value: { a: 1 } });
  });

  it('is waited for once it has something', async () => {
    const stream = new PassThrough();
    const request = { stream, headers: HEAD, rawBody: '' };
    stream.on('data', (chunk: Buffer) => (request.rawBody += chunk.toString()));
    const some = once(stream, 'data');
    stream.write('{"a":');
    await some;
    const reading = readBody(request, RULES);
    stream.end('1}');
    expect(await reading).toEqual({ kind: 'read', value: { a: 1 } });
  });

  it('is aborted where the client leaves meanwhile', async () => {
    const stream = new PassThrough();
    stream.write('{"a":');
    await once(stream, 'data');
    const reading = readFrom(stream, HEAD, { rawBody: '{"a":' });
    stream.destroy();
    expect(await reading).toEqual({ kind: 'aborted' });
  });

  it('is the body once the request has ended', async () => {
    const more = { rawBody: '', body: { a: 1 } };
    expect(await readFrom(await ended(), HEAD, more)).toEqual({ kind: 'read', value: undefined });
  });
});

describe('A body that a parser of another media type left unread', () => {
  it('is read, though that parser left an empty object (body-parser 1)', async () => {
    const headers = { ...JSON_TYPE, 'content-length': '7' };
    const stream = new PassThrough().end('{"a":1}');
    expect(await readFrom(stream, headers, { body: {} })).toEqual({
      kind: 'read',
      value: { a: 1 },
    });
  });
});

describe('A form', () => {
  const form = (text: string): Promise<Body> =>
    readBody(
      {
        stream: new PassThrough().end(text),
        headers: { ...FORM_TYPE, 'transfer-encoding': 'chunked' },
      },
      { body: 'form', maxBodyBytes: MAX_BYTES },
    );

  it('is read where a route takes one', async () => {
    expect(await form('token=a.b&hint=x%20y')).toEqual({
      kind: 'read',
      value: { token: 'a.b', hint: 'x y' },
    });
  });

  it('is refused where a parameter comes twice', async () => {
    expect(await form('token=a&token=b')).toEqual({ kind: 'refused', reason: 'bad_request' });
  });
});

describe('A body as it is read', () => {
  it.each([
    ['an object', ['{"a":', '1}'], { a: 1 }],
    ['null', ['null'], null],
    ['nothing', [], undefined],
    ['16 384 bytes', [`"${'x'.repeat(MAX_BYTES - 2)}"`], 'x'.repeat(MAX_BYTES - 2)],
  ])('can be %s', async (_, chunks, value) => {
    expect(await read(...chunks)).toEqual({ kind: 'read', value });
  });

  it.each(['utf8', 'latin1', 'base64', 'hex'] as const)(
    'is the same where a middleware of the host has set the encoding %s',
    async (encoding) => {
      const stream = new PassThrough();
      const reading = readFrom(stream.setEncoding(encoding), CHUNKED);
      stream.write('{"a":"gr');
      stream.end(Buffer.from('üße"}'));
      expect(await reading).toEqual({ kind: 'read', value: { a: 'grüße' } });
    },
  );

  it('is measured in bytes, also where its chunks are text', async () => {
    const stream = new PassThrough().setEncoding('utf8');
    const reading = readFrom(stream, CHUNKED);
    stream.write(`"${'ü'.repeat(MAX_BYTES / 2)}`);
    expect(await reading).toEqual({ kind: 'refused', reason: 'content_too_large' });
  });

  it('is refused where the host hands on a stream of anything else', async () => {
    const stream = Readable.from([{ a: 1 }, { a: 2 }]);
    expect(await readFrom(stream, CHUNKED)).toEqual({ kind: 'refused', reason: 'bad_request' });
  });

  it('is not waited for when none is announced', async () => {
    const silent = new PassThrough();
    expect(await readFrom(silent, {})).toEqual({ kind: 'read', value: undefined });
  });

  it.each([
    ['malformed', '{'],
    ['behind a byte order mark', '\ufeff{}'],
    ['no UTF-8', Buffer.from([0x22, 0x80, 0x22])],
  ])('is refused when it is %s', async (_, body) => {
    expect(await read(body)).toEqual({ kind: 'refused', reason: 'bad_request' });
  });

  it('is refused at the first byte over 16 KB, before it ends', async () => {
    const stream = new PassThrough();
    const reading = readFrom(stream, CHUNKED);
    stream.write('x'.repeat(MAX_BYTES));
    stream.write('x');
    expect(await reading).toEqual({ kind: 'refused', reason: 'content_too_large' });
  });

  it('is drained after that, so that the client can read its answer', async () => {
    const stream = new PassThrough();
    const reading = readFrom(stream, CHUNKED);
    const ended = new Promise((resolve) => stream.once('end', resolve));
    stream.write('x'.repeat(MAX_BYTES + 1));
    await reading;
    stream.end('x'.repeat(1_000_000));
    await expect(ended).resolves.toBeUndefined();
  });

  it('is whole, however long it takes until it is asked for', async () => {
    const stream = new PassThrough().on('data', () => undefined);
    const later = async (): Promise<Body> => {
      stream.end('{"a":1}');
      await new Promise(setImmediate);
      return readFrom(stream, CHUNKED);
    };
    expect(await holding(stream, later)).toEqual({ kind: 'read', value: { a: 1 } });
  });

  it('goes on to who listens where it is not asked for', async () => {
    const stream = new PassThrough().on('data', () => undefined);
    stream.end('{"a":1}');
    const fail = (): Promise<never> => Promise.reject(new Error('refused'));
    await expect(holding(stream, fail)).rejects.toThrow('refused');
    await once(stream, 'end');
  });

  it('is aborted once the client has broken off', async () => {
    const stream = new PassThrough();
    const reading = readFrom(stream, CHUNKED);
    stream.destroy(new Error('aborted'));
    expect(await reading).toEqual({ kind: 'aborted' });
  });

  it('is aborted when the connection closed without a word', async () => {
    const stream = new PassThrough();
    const reading = readFrom(stream, CHUNKED);
    stream.write('{');
    stream.destroy();
    expect(await reading).toEqual({ kind: 'aborted' });
  });

  it('is aborted when the client had left before it was read', async () => {
    const stream = new PassThrough();
    stream.destroy();
    await new Promise((resolve) => stream.once('close', resolve));
    expect(await readFrom(stream, CHUNKED)).toEqual({ kind: 'aborted' });
  });
});
