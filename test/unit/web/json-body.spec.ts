import { PassThrough, Readable } from 'node:stream';
import { hasBody, readJson, refusalByHeaders } from '../../../src/web/json-body';

const MAX_BYTES = 16_384;
const JSON_TYPE = { 'content-type': 'application/json' };
const CHUNKED = { ...JSON_TYPE, 'transfer-encoding': 'chunked' };
const read = (...chunks: (string | Buffer)[]) =>
  readJson(Readable.from(chunks.map((each) => Buffer.from(each))), CHUNKED);

describe('Whether a body is announced', () => {
  it.each([
    [{}, false],
    [{ 'content-length': '0' }, false],
    [{ 'content-length': '1' }, true],
    [{ 'transfer-encoding': 'chunked' }, true],
  ])('%j: %p', (headers, expected) => {
    expect(hasBody(headers)).toBe(expected);
  });
});

describe('What the head of a request alone refuses', () => {
  it.each([
    ['no body at all', {}],
    ['an empty body of no type', { 'content-length': '0' }],
    ['JSON', { ...JSON_TYPE, 'content-length': '2' }],
    ['exactly 16 KB', { ...JSON_TYPE, 'content-length': '16384' }],
    ['JSON in chunks', CHUNKED],
    ['the encoding that is none', { ...JSON_TYPE, 'content-encoding': 'IDENTITY' }],
  ])('is not %s', (_, headers) => {
    expect(refusalByHeaders(headers)).toBeUndefined();
  });

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
  ])('is %s, as of an unsupported type', (_, headers) => {
    expect(refusalByHeaders(headers)).toBe('UNSUPPORTED_MEDIA_TYPE');
  });

  it('is a byte over 16 KB, as too large', () => {
    const headers = { ...JSON_TYPE, 'content-length': '16385' };
    expect(refusalByHeaders(headers)).toBe('CONTENT_TOO_LARGE');
  });
});

describe('A body as it is read', () => {
  it.each([
    ['an object', ['{"a":', '1}'], { a: 1 }],
    ['null', ['null'], null],
    ['nothing', [], undefined],
    ['16 384 bytes', [`"${'x'.repeat(MAX_BYTES - 2)}"`], 'x'.repeat(MAX_BYTES - 2)],
  ])('can be %s', async (_, chunks, value) => {
    expect(await read(...chunks)).toEqual({ kind: 'json', value });
  });

  it('is not waited for when none is announced', async () => {
    const silent = new PassThrough();
    expect(await readJson(silent, {})).toEqual({ kind: 'json', value: undefined });
  });

  it.each([
    ['malformed', '{'],
    ['behind a byte order mark', '\ufeff{}'],
    ['no UTF-8', Buffer.from([0x22, 0x80, 0x22])],
  ])('is refused when it is %s', async (_, body) => {
    expect(await read(body)).toEqual({ kind: 'refused', refusal: 'BAD_REQUEST' });
  });

  it('is refused at the first byte over 16 KB, before it ends', async () => {
    const stream = new PassThrough();
    const reading = readJson(stream, CHUNKED);
    stream.write('x'.repeat(MAX_BYTES));
    stream.write('x');
    expect(await reading).toEqual({ kind: 'refused', refusal: 'CONTENT_TOO_LARGE' });
  });

  it('is drained after that, so that the client can read its answer', async () => {
    const stream = new PassThrough();
    const reading = readJson(stream, CHUNKED);
    const ended = new Promise((resolve) => stream.once('end', resolve));
    stream.write('x'.repeat(MAX_BYTES + 1));
    await reading;
    stream.end('x'.repeat(1_000_000));
    await expect(ended).resolves.toBeUndefined();
  });

  it('is nobody’s once the client has broken off', async () => {
    const stream = new PassThrough();
    const reading = readJson(stream, CHUNKED);
    stream.destroy(new Error('aborted'));
    expect(await reading).toEqual({ kind: 'aborted' });
  });

  it('is nobody’s when the connection closed without a word', async () => {
    const stream = new PassThrough();
    const reading = readJson(stream, CHUNKED);
    stream.write('{');
    stream.destroy();
    expect(await reading).toEqual({ kind: 'aborted' });
  });

  it('is nobody’s when the client had left before anyone read', async () => {
    const stream = new PassThrough();
    stream.destroy();
    await new Promise((resolve) => stream.once('close', resolve));
    expect(await readJson(stream, CHUNKED)).toEqual({ kind: 'aborted' });
  });
});
