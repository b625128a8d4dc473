import type { INestApplicationContext } from '@nestjs/common';
import { WsAdapter } from '@nestjs/platform-ws';
import { catchMaybe, mapMaybe } from '../../tokens/maybe-promise';
import type { VerifiedToken } from '../../tokens/verified-token';
import type { PlatformRequest } from '../../web/request';
import { described, letIn } from '../contexts/sockets';
import { closeAfter, closeFor, closeSocket, type WebSocketClient } from '../live/close-codes';
import { LiveAdmission } from '../live/live-admission';

/** What is used of a client of `ws`. */
interface Client extends WebSocketClient {
  readonly readyState: number;
  pause(): void;
  resume(): void;
}

type Connected = (client: Client, request: PlatformRequest, ...rest: unknown[]) => void;

const OPEN = 1;

/**
 * Lets clients connect by a live token alone, and closes them with 4401 when it ends. No gateway
 * sees a client, or a message of it, before its token was found to be live.
 *
 * @example
 * app.useWebSocketAdapter(new LiveWsAdapter(app)); // before app.listen
 */
export class LiveWsAdapter extends WsAdapter {
  private readonly admission: LiveAdmission;
  /** Several gateways may share a server: each client is checked once for all of them. */
  private readonly admitted = new WeakMap<Client, boolean | Promise<boolean>>();

  /**
   * @param options those of `WsAdapter`.
   * @throws Nest's error about `LiveAdmission`: the application does not import `AuthModule`.
   */
  constructor(app: INestApplicationContext, options?: ConstructorParameters<typeof WsAdapter>[1]) {
    super(app, options);
    this.admission = app.get(LiveAdmission, { strict: false });
  }

  override bindClientConnect(
    server: Parameters<WsAdapter['bindClientConnect']>[0],
    connected: Connected,
  ): void {
    const connect: Connected = (client, request, ...rest) => {
      const admitted = this.admitted.get(client) ?? this.admit(client, request);
      this.admitted.set(client, admitted);
      void mapMaybe(admitted, (isAdmitted) => {
        if (isAdmitted) connected(client, request, ...rest);
      });
    };
    super.bindClientConnect(server, connect);
  }

  /** Meanwhile nothing is read from the client: none of its messages is handled, none is lost. */
  private admit(client: Client, upgrade: PlatformRequest): boolean | Promise<boolean> {
    const request = described(upgrade, protocolToken(upgrade));
    const admitted = catchMaybe(
      () => mapMaybe(this.admission.admit(request), (token) => this.open(client, request, token)),
      (error) => {
        closeSocket(client, closeFor(this.admission.refuse(error).status));
        return false;
      },
    );
    if (typeof admitted === 'boolean') return admitted;
    client.pause();
    return admitted.finally(() => {
      client.resume();
    });
  }

  private open(client: Client, request: PlatformRequest, token: VerifiedToken): boolean {
    if (client.readyState !== OPEN) return false; // it has gone away meanwhile
    const release = this.admission.connections.open({
      token,
      close: (end) => {
        closeSocket(client, closeAfter(end));
      },
    });
    client.once('close', release);
    letIn(client, request);
    return true;
  }
}

/**
 * The token behind the subprotocol `bearer`: browsers can send nothing else. `ws` answers with the
 * first that was offered, which therefore must be `bearer`.
 */
function protocolToken({ headers }: PlatformRequest): string | undefined {
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',');
  const [scheme, token] = offered.map((name) => name.trim());
  return scheme === 'bearer' ? token : undefined;
}
