import {
  connect,
  errors,
  headers,
  type Msg,
  type NatsConnection,
  type NodeConnectionOptions,
} from '@nats-io/transport-node';
import { inTime } from '../relay/call-timeout';

const SERVER = 'NATS';
const RETRY_MS = 500;
/** For a connection; one that is half open never becomes ready. */
const CONNECT_TIMEOUT_MS = 2000;
/**
 * The limit of the client itself. Ours is shorter and closes the connection, which ends the request.
 * After a pause of this process the client's would fire before an answer that came in time is read.
 */
const NEVER_FIRST_MS = 3_600_000;

/** A client that reconnects by itself keeps what it was given until then, and sends it late. */
const OWN_OPTIONS: NodeConnectionOptions = {
  reconnect: false,
  waitOnFirstConnect: false,
  timeout: CONNECT_TIMEOUT_MS,
  noAsyncTraces: true,
};

interface Listener {
  readonly subject: string;
  readonly onMessage: () => void;
  isReady: boolean;
}

/** The header of a request. */
export type Fields = Readonly<Record<string, string>>;

/**
 * Our connection to NATS: one, made when it is needed. Every request has a time limit here; where one
 * misses it the connection is closed, and the next request makes another one.
 */
export class NatsLink {
  private connection: Promise<NatsConnection> | null = null;
  private open: NatsConnection | null = null;
  private listeners: readonly Listener[] = [];

  constructor(
    private readonly options: NodeConnectionOptions,
    private readonly timeoutMs: number,
  ) {}

  /** Whether every subject is listened to. */
  get isListening(): boolean {
    return this.listeners.length > 0 && this.listeners.every(({ isReady }) => isReady);
  }

  /**
   * Sends one request, once, and connects before where that is due. Nothing is sent after the limit.
   * @returns `null` where nothing there takes such requests.
   * @throws {Error} it was not answered in time, or is not permitted.
   */
  async request(subject: string, text: string, fields: Fields = {}): Promise<Msg | null> {
    const connection = this.connection ?? this.connect();
    const nats = await inTime(SERVER, this.timeoutMs, connection);
    const options = { timeout: NEVER_FIRST_MS, headers: headersOf(fields) };
    const reply = nats.request(subject, text, options).catch(noResponders);
    return inTime(SERVER, this.timeoutMs, reply, () => {
      this.drop(connection);
    });
  }

  /** Tells those that listen, if there is a connection. */
  tell(subject: string): void {
    if (this.open?.isClosed() === false) this.open.publish(subject);
  }

  /** In bytes. */
  async maxPayload(): Promise<number> {
    const nats = await inTime(SERVER, this.timeoutMs, this.connection ?? this.connect());
    return nats.info?.max_payload ?? 0;
  }

  /** Calls `onMessage` for what comes, and after each reconnect; goes on until `close`. */
  listen(subject: string, onMessage: () => void): void {
    const listener: Listener = { subject, onMessage, isReady: false };
    this.listeners = [...this.listeners, listener];
    const { connection } = this;
    if (connection === null) void this.connect();
    else void this.attend(connection, [listener]);
  }

  /** `request` and `listen` may follow. Idempotent. */
  close(): void {
    this.listeners = [];
    this.drop(this.connection);
  }

  private connect(): Promise<NatsConnection> {
    const connection = connect({ ...this.options, ...OWN_OPTIONS });
    this.connection = connection;
    void this.attend(connection, this.listeners);
    return connection;
  }

  /** Subscribes for these, and waits until the connection ends. */
  private async attend(
    connection: Promise<NatsConnection>,
    listeners: readonly Listener[],
  ): Promise<void> {
    try {
      const nats = await connection;
      if (connection === this.connection) this.open = nats;
      if (listeners.length > 0) await this.subscribe(nats, listeners);
      await nats.closed();
    } catch {
      // The request that wanted it fails by itself; until there is another one polling has to do.
    }
    this.drop(connection);
  }

  /** @throws {Error} the connection is closed, or the server does not answer. */
  private async subscribe(nats: NatsConnection, listeners: readonly Listener[]): Promise<void> {
    const refused = new Set<Listener>();
    for (const listener of listeners) {
      const callback = (error: Error | null): void => {
        if (error === null) listener.onMessage();
        else refused.add(listener); // it is not permitted
      };
      nats.subscribe(listener.subject, { callback });
    }
    await inTime(SERVER, CONNECT_TIMEOUT_MS, nats.flush());
    if (nats !== this.open) return;
    for (const listener of listeners.filter((each) => !refused.has(each))) {
      listener.isReady = true;
      listener.onMessage(); // what was told before is lost
    }
  }

  /** Closes this connection, also one that is still to be made. Another one follows where it is due. */
  private drop(connection: Promise<NatsConnection> | null): void {
    if (connection === null || connection !== this.connection) return;
    this.connection = null;
    this.open = null;
    for (const listener of this.listeners) listener.isReady = false;
    void connection.then(
      (nats) => nats.close(),
      () => undefined,
    );
    setTimeout(() => {
      if (this.listeners.length > 0 && this.connection === null) void this.connect();
    }, RETRY_MS).unref();
  }
}

function headersOf(fields: Fields) {
  const made = headers();
  for (const [name, value] of Object.entries(fields)) made.set(name, value);
  return made;
}

/** @returns `null` for the one failure that says that nothing was done. */
function noResponders(error: unknown): null {
  if (error instanceof errors.RequestError) {
    if (error.isNoResponders()) return null;
    if (error.cause instanceof errors.PermissionViolationError) {
      const { subject } = error.cause;
      throw new Error(`NATS does not let this user publish to "${subject}": see docs/relay.md.`);
    }
  }
  throw error;
}
