import { request as httpRequest } from 'node:http';

/**
 * Sends a request whose header lines arrive as they are written here. `fetch` would trim their
 * values, join lines of one name and refuse some.
 * @param headers pairs of name and value, in their order. A value is Latin-1.
 * @param type the media type of the body.
 */
export function rawRequest(url, method, path, { headers = [], body, type } = {}) {
  const { hostname, port, host } = new URL(url);
  const entity = body === undefined ? [] : bodyHeaders(body, type);
  const lines = [['Host', host], ['Connection', 'close'], ...entity, ...headers].flat();
  return new Promise((resolve, reject) => {
    const options = { hostname, port, method, path, headers: lines, agent: false };
    const sent = httpRequest(options, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        resolve({
          what: `${method} ${path}`,
          status: response.statusCode,
          headers: new Headers(Object.entries(response.headers).flatMap(linesOf)),
          body: Buffer.concat(chunks).toString(),
        });
      });
    });
    sent.setTimeout(10_000, () => sent.destroy(new Error(`${method} ${path}: no answer`)));
    sent.on('error', reject);
    sent.end(body);
  });
}

const bodyHeaders = (body, type = 'application/json') => [
  ['Content-Type', type],
  ['Content-Length', String(Buffer.byteLength(body))],
];

const linesOf = ([name, value]) => [value].flat().map((line) => [name, line]);
