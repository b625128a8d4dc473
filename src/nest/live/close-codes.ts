import type { ConnectionEnd } from '../../live/open-connection';

/** How a WebSocket is closed. Private codes begin at 4000 (RFC 6455 §7.4.2). */
export interface WebSocketClose {
  readonly code: number;
  /** At most 123 bytes. */
  readonly reason: string;
}

/** Clients of graphql-ws do not come back after 4401, as they do after 4403. */
const UNAUTHORIZED: WebSocketClose = { code: 4401, reason: 'Unauthorized' };
/** The token may be live: the client may come back with it. */
const TRY_AGAIN: WebSocketClose = { code: 1013, reason: 'Try again later' };

export function closeAfter(end: ConnectionEnd): WebSocketClose {
  return end === 'unchecked' ? TRY_AGAIN : UNAUTHORIZED;
}

/** @param status of the answer that a request would have got. */
export function closeFor(status: number): WebSocketClose {
  return status >= 500 ? TRY_AGAIN : UNAUTHORIZED;
}

/** What is used of a client of `ws`. */
export interface WebSocketClient {
  close(code: number, reason: string): void;
  terminate(): void;
  once(event: 'close', listener: () => void): unknown;
}

const TERMINATED_AFTER_MS = 1000;

/** Closes it, and ends its connection a second later if the client has not. */
export function closeSocket(client: WebSocketClient, { code, reason }: WebSocketClose): void {
  client.close(code, reason);
  const timer = setTimeout(() => {
    client.terminate();
  }, TERMINATED_AFTER_MS).unref();
  client.once('close', () => {
    clearTimeout(timer);
  });
}
