import type { PlatformRequest } from '../../web/request';
import { rawRequest, type RawRequest } from '../../web/request';
import { bearerHeader } from '../contexts/sockets';
import { member } from '../contexts/member';
import { closeAfter, closeFor, closeSocket, type WebSocketClient } from './close-codes';
import type { LiveAdmission } from './live-admission';

/** What is used of a client of `ws`. */
interface Client extends WebSocketClient {
  readonly readyState: number;
}

const OPEN = 1;

/** What is used of the context that a server of graphql-ws gives to its hooks. */
interface GraphqlWsContext {
  readonly connectionParams?: Readonly<Record<string, unknown>> | undefined;
  readonly extra: unknown;
}

/**
 * For servers of graphql-ws, such as Apollo's in Nest: a client subscribes by a live token alone,
 * from `connectionParams.authorization`, the header or a cookie of `tokenSources`, and is closed with
 * 4401 when it ends; its library does not connect again by itself then.
 *
 * @example
 * GraphQLModule.forRootAsync({
 *   driver: ApolloDriver,
 *   inject: [LiveAdmission],
 *   useFactory: (admission: LiveAdmission) => ({
 *     subscriptions: { 'graphql-ws': logoutSubscriptions(admission) },
 *   }),
 * })
 */
export function logoutSubscriptions(admission: LiveAdmission): {
  onConnect(context: GraphqlWsContext): Promise<boolean>;
} {
  return {
    onConnect: ({ connectionParams, extra }) => {
      const { socket, request } = extra as { socket: Client; request: PlatformRequest };
      return letInClient(admission, socket, request, connectionParams);
    },
  };
}

/** What is used of a connection of Mercurius, which calls `onConnect` as its method. */
interface MercuriusConnection {
  readonly socket: Client;
  readonly context: { readonly request: PlatformRequest };
}

interface Upgrade {
  readonly req: RawRequest & { readonly socket: UpgradedSocket };
}

interface UpgradedSocket {
  destroy(): void;
  once(event: 'close', listener: () => void): unknown;
}

/** As long as graphql-ws waits. */
const INIT_WITHIN_MS = 3000;

/**
 * The same for Mercurius: the option `subscription`. The token is in the payload of the client's
 * `connection_init`, as `authorization` or `headers.authorization`, or where it is with HTTP. A
 * client that has not been let in after 3 s is cut off.
 */
export function mercuriusLogoutSubscriptions(admission: LiveAdmission): {
  verifyClient(upgrade: Upgrade, next: (isAccepted: boolean) => void): void;
  onConnect(message: { readonly payload?: unknown }): Promise<boolean>;
} {
  const deadlines = new WeakMap<object, NodeJS.Timeout>();
  const admitted = new WeakSet<object>();
  return {
    verifyClient({ req }, next) {
      if (isGraphql(req)) deadlines.set(req.socket, deadlineOf(req.socket));
      next(true);
    },
    async onConnect(this: unknown, { payload }) {
      const { socket, context } = this as MercuriusConnection;
      if (admitted.has(socket)) return true; // an operation with an extension asks again
      const { request } = context;
      if (!(await letInClient(admission, socket, request, payload))) return false;
      admitted.add(socket);
      const upgraded = member(rawRequest(request), 'socket');
      clearTimeout(deadlines.get(upgraded as object));
      return true;
    },
  };
}

/** Other WebSockets of the application may share the server. */
function isGraphql({ headers }: RawRequest): boolean {
  return /\bgraphql-(?:transport-)?ws\b/.test(String(headers['sec-websocket-protocol']));
}

function deadlineOf(socket: UpgradedSocket): NodeJS.Timeout {
  const timer = setTimeout(() => {
    socket.destroy();
  }, INIT_WITHIN_MS).unref();
  socket.once('close', () => {
    clearTimeout(timer);
  });
  return timer;
}

async function letInClient(
  admission: LiveAdmission,
  client: Client,
  request: PlatformRequest,
  payload: unknown,
): Promise<boolean> {
  const sent = authorizationIn(payload);
  // Guards find it where they look for it; browsers cannot set the header.
  if (sent !== undefined) rawRequest(request).headers.authorization = bearerHeader(sent);
  try {
    const token = await admission.admit(request);
    if (client.readyState !== OPEN) return false; // it has gone away meanwhile
    const release = admission.connections.open({
      token,
      close: (end) => {
        closeSocket(client, closeAfter(end));
      },
    });
    client.once('close', release);
    return true;
  } catch (error) {
    // Before the server closes it, with a code after which clients connect again.
    closeSocket(client, closeFor(admission.refuse(error).status));
    return false;
  }
}

function authorizationIn(payload: unknown): string | undefined {
  const headers = member(payload, 'headers') ?? payload;
  const value = member(headers, 'authorization') ?? member(headers, 'Authorization');
  return typeof value === 'string' ? value : undefined;
}
