import { once } from 'node:events';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { readLogoutBody, tokenIn } from '../../../src/plain/logout-body';

function requestOf(headers: Record<string, string>): IncomingMessage & { body?: unknown } {
  return Object.assign(new IncomingMessage(new Socket()), { headers });
}

const JSON_HEAD = { 'content-type': 'application/json', 'content-length': '2' };

describe('The body of a logout', () => {
  it('is what the host has parsed', async () => {
    const request = Object.assign(requestOf(JSON_HEAD), { body: { token: 'a' } });
    expect(await readLogoutBody(request, request, 8192)).toEqual({
      kind: 'read',
      value: { token: 'a' },
    });
  });

  it('is read where no parser has read it', async () => {
    const request = requestOf(JSON_HEAD);
    request.push('{}');
    request.push(null);
    expect(await readLogoutBody(request, request, 8192)).toEqual({ kind: 'read', value: {} });
  });

  it('is refused by its head even where the host has parsed it', async () => {
    const form = { 'content-type': 'application/x-www-form-urlencoded', 'content-length': '7' };
    const request = Object.assign(requestOf(form), { body: { token: 'a' } });
    expect(await readLogoutBody(request, request, 8192)).toEqual({
      kind: 'refused',
      reason: 'unsupported_media_type',
    });
  });

  it('is absent where a parser has read it and kept it', async () => {
    const request = requestOf(JSON_HEAD);
    request.push(null);
    await request.resume().toArray();
    expect(await readLogoutBody(request, request, 8192)).toEqual({
      kind: 'read',
      value: undefined,
    });
  });

  it('is not waited for when the client has already left', async () => {
    const request = requestOf(JSON_HEAD);
    await once(request.destroy(), 'close');
    expect(await readLogoutBody(request, request, 8192)).toEqual({ kind: 'aborted' });
  });
});

describe('The token in a body', () => {
  it.each([
    [{ token: 'a' }, 'a'],
    [{ token: 1 }, 1],
    [{}, undefined],
    [null, undefined],
    [undefined, undefined],
    ['token', undefined],
    [[{ token: 'a' }], undefined],
  ])('of %j is %p', (body, token) => {
    expect(tokenIn(body)).toBe(token);
  });
});
