import { createHook } from 'node:async_hooks';
import { gzipSync } from 'node:zlib';
import { fetchDocument, isFetchable } from '../../../src/tokens/jwks/https-document';
import { hasOpenssl, selfSignedCertificate } from '../../support/certificate';
import { DocumentServer } from '../../support/document-server';
import { temporaryFolder } from '../../support/temporary-folder';
import { testWith } from '../../support/tools';

let server: DocumentServer;
beforeEach(async () => {
  server = await DocumentServer.start();
});
afterEach(() => server.close());

const HEAD = 'HTTP/1.1 200 OK\r\n';
const LONGEST = 64 * 1024;

describe('A document', () => {
  it('is fetched with its ETag and its age', async () => {
    server.serve({ keys: [] }, { ETag: '"1"', 'Cache-Control': 'public, max-age=600' });
    expect(await fetchDocument(server.url)).toEqual({
      text: '{"keys":[]}',
      etag: '"1"',
      maxAgeSeconds: 600,
      isFromCache: false,
    });
  });

  it('is not sent again to one who has it', async () => {
    server.serve({ keys: [] }, { ETag: '"1"', 'Cache-Control': 'max-age=900' });
    expect(await fetchDocument(server.url, '"1"')).toEqual({
      text: undefined,
      etag: '"1"',
      maxAgeSeconds: 900,
      isFromCache: false,
    });
  });

  it('is told from one that a cache has had for a while, also where it is unchanged', async () => {
    server.serve('{}', { ETag: '"1"', Age: '1' });
    expect(await fetchDocument(server.url)).toMatchObject({ isFromCache: true });
    expect(await fetchDocument(server.url, '"1"')).toMatchObject({ isFromCache: true });
  });

  it.each(['no-store', 's-maxage=9', 'x-max-age=9', 'max-age="9"', 'max-age=-9', 'max-age=1e3'])(
    'has no age by Cache-Control: %s',
    async (cacheControl) => {
      server.serve('{}', { 'Cache-Control': cacheControl });
      expect(await fetchDocument(server.url)).toMatchObject({ maxAgeSeconds: undefined });
    },
  );

  it.each(['identity', 'Identity', ''])('may say that it is not encoded: "%s"', async (coding) => {
    server.serve('{}', { 'Content-Encoding': coding });
    expect(await fetchDocument(server.url)).toMatchObject({ text: '{}' });
  });

  it('costs one look-up of its host, however many of that host are asked for at once', async () => {
    server.serve('{}');
    const url = server.url.replace('127.0.0.1', 'localhost');
    const begun: string[] = [];
    const hook = createHook({ init: (_id, type) => begun.push(type) }).enable();
    await Promise.all(Array.from({ length: 20 }, () => fetchDocument(url)));
    hook.disable();
    expect(begun.filter((type) => type === 'GETADDRINFOREQWRAP')).toHaveLength(1);
  });

  it('may be 64 KB long', async () => {
    server.serve('x'.repeat(LONGEST));
    expect((await fetchDocument(server.url)).text).toHaveLength(LONGEST);
  });

  it('is asked for without compression, and without anything that names a user', async () => {
    server.serve('{}');
    await fetchDocument(server.url);
    expect(server.requests.map(({ headers }) => headers)).toEqual([
      {
        accept: 'application/jwk-set+json, application/json',
        'accept-encoding': 'identity',
        host: new URL(server.url).host,
        connection: 'close',
      },
    ]);
  });
});

describe('A document is refused, and the error says why, where the server', () => {
  const chunk = `${(LONGEST + 1).toString(16)}\r\n${'x'.repeat(LONGEST + 1)}\r\n`;
  const gzip = gzipSync('{"keys":[]}');

  it.each<[string, (string | Buffer)[], RegExp]>([
    ['announces more than 64 KB', [`${HEAD}Content-Length: 99999999\r\n\r\n`, chunk], /64 KB/],
    ['sends more than 64 KB', [`${HEAD}Transfer-Encoding: chunked\r\n\r\n`, chunk], /64 KB/],
    ['redirects', ['HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n'], /302, and no redirect/],
    [
      'says that what was never had is unchanged',
      ['HTTP/1.1 304 Not Modified\r\n\r\n'],
      /d 304\.$/,
    ],
    ['fails', ['HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n'], /answered 500\.$/],
    ['sends a part of it', ['HTTP/1.1 206 Part\r\nContent-Length: 0\r\n\r\n'], /answered 206\.$/],
    ['sends no UTF-8', [`${HEAD}Content-Length: 1\r\n\r\n`, Buffer.from([0xff])], /utf-8/],
    [
      'compresses it all the same',
      [`${HEAD}Content-Encoding: gzip\r\nContent-Length: ${gzip.length}\r\n\r\n`, gzip],
      /has encoded it/,
    ],
    [
      'switches to another protocol',
      ['HTTP/1.1 101 Now\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'],
      /without an answer/,
    ],
    ['speaks no HTTP', ['\u0016\u0003\u0001'], /Parse Error/],
    ['sends headers without end', [HEAD, `X: ${'x'.repeat(LONGEST)}`], /Header overflow/],
  ])('%s', async (_what, chunks, message) => {
    server.write(...chunks);
    await expect(fetchDocument(server.url)).rejects.toThrow(message);
  });

  it('cuts the connection, before the answer or within', async () => {
    server.answer = ({ socket }) => socket?.resetAndDestroy();
    await expect(fetchDocument(server.url)).rejects.toThrow('ECONNRESET');
    server.answer = (response) => {
      response.writeHead(200, { 'Content-Length': '20' }).write('{', () => {
        response.socket?.destroy();
      });
    };
    await expect(fetchDocument(server.url)).rejects.toThrow('aborted');
  });

  it('is not there', async () => {
    const gone = await DocumentServer.start();
    const { url } = gone;
    await gone.close();
    await expect(fetchDocument(url)).rejects.toThrow('ECONNREFUSED');
  });

  it('needs more than 5 s, for its headers or for its body', async () => {
    const others = await Promise.all([DocumentServer.start(), DocumentServer.start()]);
    const [dripping, waiting] = others;
    server.write();
    dripping.write(`${HEAD}Content-Length: 99\r\n\r\n`, '{');
    waiting.write('HTTP/1.1 100 Continue\r\n\r\n', 'HTTP/1.1 103 Early Hints\r\n\r\n');
    const ends = [server, ...others].map(({ url }) => fetchDocument(url));
    await Promise.all(ends.map((end) => expect(end).rejects.toThrow('within 5 s')));
    await Promise.all(others.map((other) => other.close()));
  });
});

describe('By https', () => {
  testWith('openssl', hasOpenssl(), () => {
    const folder = temporaryFolder();
    const certificate = selfSignedCertificate(folder.path);
    let secure: DocumentServer;
    beforeEach(async () => {
      secure = await DocumentServer.start(certificate);
      secure.serve('{}');
    });
    afterEach(() => secure.close());
    afterAll(() => {
      folder.remove();
    });

    it('a certificate that no authority has signed is refused', async () => {
      await expect(fetchDocument(secure.url)).rejects.toThrow('self-signed certificate');
      expect(secure.requests).toEqual([]);
    });

    it('a document is fetched from a server that is trusted, however the scheme is spelled', async () => {
      const trusting = { ca: certificate.cert };
      const shouted = secure.url.replace('https', 'HTTPS');
      expect(await fetchDocument(shouted, undefined, trusting)).toMatchObject({ text: '{}' });
    });

    it('a certificate for another name is refused', async () => {
      const elsewhere = { ca: certificate.cert, servername: 'login.example' };
      await expect(fetchDocument(secure.url, undefined, elsewhere)).rejects.toThrow('altname');
    });
  });
});

describe('Documents may be fetched from', () => {
  it.each([
    'https://login.example/jwks',
    'https://login.example:8443/jwks?v=1',
    'http://localhost:3000/jwks',
    'http://127.0.0.1/jwks',
    'http://127.8.9.1/jwks',
    'http://127.1/jwks', // as URLs spell 127.0.0.1, too
    'http://[::1]:3000/jwks',
  ])('%s', (url) => {
    expect(isFetchable(url)).toBe(true);
  });
});

describe('Documents may not be fetched from', () => {
  it.each([
    'http://login.example/jwks',
    'http://localhost.evil.example/jwks',
    'http://127.0.0.1.evil.example/jwks',
    'http://localhost@evil.example/jwks',
    'http://127.0.0.1:80@evil.example/jwks',
    'http://user@127.0.0.1/jwks',
    'https://user:secret@login.example/jwks',
    'https://:secret@login.example/jwks',
    'http://10.0.0.1/jwks',
    'http://0.0.0.0/jwks',
    'http://128.0.0.1/jwks',
    'http://[::]/jwks',
    'http://[fe80::1]/jwks',
    'http://[::ffff:127.0.0.1]/jwks',
    'ftp://127.0.0.1/jwks',
    'file:///etc/jwks',
    'data:application/json,{}',
    'login.example/jwks',
    '',
    undefined,
    null,
    7,
    new URL('https://login.example'),
  ])('%s', (url) => {
    expect(isFetchable(url)).toBe(false);
  });
});
