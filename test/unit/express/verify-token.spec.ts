import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { createRevocation, type ExpressRevocation } from '../../../src/express';
import { MemoryRevocationStore } from '../../../src/stores/memory';
import { TestIssuer } from '../../support/tokens';

const issuer = new TestIssuer();

describe('Verifying a token for an Express app', () => {
  let revocation: ExpressRevocation;
  let passed: number;
  beforeEach(() => {
    passed = 0;
    revocation = createRevocation({
      algorithms: ['HS256'],
      keys: issuer.key,
      store: new MemoryRevocationStore(),
      onError: () => undefined,
      auditPrinter: () => undefined,
    });
  });
  afterEach(() => revocation.close());

  const send = (token: string): ServerResponse => {
    const request = new IncomingMessage(new Socket());
    request.headers.authorization = `Bearer ${token}`;
    const response = new ServerResponse(request);
    revocation.verifyToken(request, response, () => {
      passed += 1;
    });
    return response;
  };

  it('lets a live token pass at once, where memory has the answer', async () => {
    await revocation.open();
    send(issuer.token());
    expect(passed).toBe(1);
  });

  it('answers a token that was logged out at once, too', async () => {
    await revocation.open();
    const token = issuer.token();
    await revocation.tokens.revoke(token);
    const response = send(token);
    expect([passed, response.statusCode, response.writableEnded]).toEqual([0, 401, true]);
  });

  it('opens the store for the first request', async () => {
    send(issuer.token());
    expect(passed).toBe(0);
    await new Promise(setImmediate);
    expect(passed).toBe(1);
  });

  it('refuses every request from the call of close() on', async () => {
    await revocation.open();
    const closing = revocation.close();
    const response = send(issuer.token());
    await closing;
    expect([passed, response.statusCode]).toEqual([0, 500]);
  });
});
