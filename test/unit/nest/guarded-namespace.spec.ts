import { LogoutAnswers, MESSAGES } from '../../../src/web/answers';
import { LiveAdmission } from '../../../src/nest/live/live-admission';
import { guardNamespace } from '../../../src/nest/socket-io/guarded-namespace';
import type { IoNamespace, IoSocket } from '../../../src/nest/socket-io/socket-io-types';
import { LiveConnections } from '../../../src/live/live-connections';
import { MemoryRevocationStore } from '../../../src/stores/memory';
import { RequestAuthenticator } from '../../../src/web/request-authenticator';
import { AuditLog } from '../../../src/audit/audit-log';
import { RevokedTokensService } from '../../../src/revocation/revoked-tokens.service';
import { TokenVerifier } from '../../../src/tokens/verification/token-verifier';

type Middleware = Parameters<IoNamespace['use']>[0];

/** A namespace, as far as sockets come to it. */
class Namespace implements IoNamespace {
  adapter = { restoreSession: () => null };
  middleware: Middleware = () => undefined;
  connect: (socket: IoSocket) => void = () => undefined;

  use(middleware: Middleware): void {
    this.middleware = middleware;
  }
  on(_: 'connect', listener: (socket: IoSocket) => void): void {
    this.connect = listener;
  }
}

describe('A namespace of socket.io', () => {
  const store = new MemoryRevocationStore();
  const verifier = new TokenVerifier({
    algorithms: ['HS256'],
    keys: 'a secret of at least thirty-two bytes',
    issuer: null,
    audience: null,
  });
  const tokens = new RevokedTokensService(verifier, store, new AuditLog(store.audit, () => 1));
  const live = new LiveConnections(store, {
    liveGraceMs: 4000,
    clockToleranceSeconds: 0,
    onError: () => undefined,
  });
  const answers = new LogoutAnswers(MESSAGES.en, 403);
  const admission = new LiveAdmission(new RequestAuthenticator(tokens, undefined), answers, live);
  let namespace: Namespace;
  beforeEach(() => {
    namespace = new Namespace();
    guardNamespace(namespace, admission);
  });
  afterAll(() => {
    live.stop();
  });

  const socketOf = (recovered: boolean) => {
    const calls: string[] = [];
    const socket: IoSocket = {
      recovered,
      data: {},
      on: () => calls.push('on'),
      disconnect: () => calls.push('disconnect'),
    };
    return { socket, calls };
  };

  it('refuses a socket that came with no request', async () => {
    const error = await new Promise((resolve) => {
      namespace.middleware(socketOf(false).socket, resolve);
    });
    expect(error).toMatchObject({ data: { status: 401, success: false } });
  });

  it.each([true, false])('disconnects what came past it without a token (recovered: %s)', (is) => {
    const { socket, calls } = socketOf(is);
    namespace.connect(socket);
    expect([calls, live.size]).toEqual([['disconnect'], 0]);
  });
});
