import { TokenRejectedError } from '../../revocation/errors';
import type { LiveConnection } from '../../live/open-connection';
import { verifiedTokenOf } from '../../web/request-authenticator';
import { letIn, upgradeRequest } from '../contexts/sockets';
import type { LiveAdmission } from '../live/live-admission';
import { keepToken, keptToken } from './recoverable-token';
import type { IoAdapterOfNamespace, IoNamespace, IoSocket } from './socket-io-types';

/**
 * From here on sockets connect to the namespace by a live token alone, and are disconnected when it
 * ends. What recovery would send a socket whose token has ended is not sent.
 */
export function guardNamespace(namespace: IoNamespace, admission: LiveAdmission): void {
  namespace.use((socket, next) => {
    void refusalOf(socket, admission).then(next);
  });
  namespace.on('connect', (socket) => {
    watch(socket, admission);
  });
  // A host may set another adapter later, as for Redis.
  let adapter = checkRecovery(namespace.adapter, admission);
  Object.defineProperty(namespace, 'adapter', {
    configurable: true,
    enumerable: true,
    get: () => adapter,
    set: (other: IoAdapterOfNamespace) => {
      adapter = checkRecovery(other, admission);
    },
  });
}

async function refusalOf(socket: IoSocket, admission: LiveAdmission): Promise<Error | undefined> {
  try {
    const request = upgradeRequest(socket);
    if (request === undefined) throw new TokenRejectedError('TOKEN_MISSING');
    await admission.admit(request);
    letIn(socket, request);
    return undefined;
  } catch (error) {
    const { status, body } = admission.refuse(error);
    return Object.assign(new Error(body.message), { data: { status, ...body } });
  }
}

/** At its connection, not in the middleware: of what others refuse nothing would tell the end. */
function watch(socket: IoSocket, { connections }: LiveAdmission): void {
  const token = tokenOf(socket);
  if (token === undefined) {
    socket.disconnect();
    return;
  }
  keepToken(socket.data, token);
  const release = connections.open({
    token,
    close: () => {
      socket.disconnect(); // by the server: recovery does not take it back
    },
  });
  socket.on('disconnect', release);
}

/** Recovery skips middleware: the socket goes on with the token that it had. */
function tokenOf(socket: IoSocket): LiveConnection['token'] | undefined {
  return socket.recovered ? keptToken(socket.data) : verifiedTokenOf(socket);
}

/** Not after the session was restored: by then the socket was sent what it had missed. */
function checkRecovery(
  adapter: IoAdapterOfNamespace,
  { connections }: LiveAdmission,
): IoAdapterOfNamespace {
  const restore = adapter.restoreSession.bind(adapter);
  adapter.restoreSession = async (pid, offset) => {
    const session = await restore(pid, offset);
    const token = session === null ? undefined : keptToken(session.data);
    return token !== undefined && (await connections.isLive(token)) ? session : null;
  };
  return adapter;
}
