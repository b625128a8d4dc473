import type { NodeConnectionOptions } from '@nats-io/transport-node';
import { resolve, text, whole, type Table } from '../options/option';
import { CALL_TIMEOUT_MS } from '../relay/call-timeout';
import {
  RelayTransport,
  type Bell,
  type Checkpoint,
  type FramePlace,
  type LogPart,
  type StoredFrame,
  type TakenAsks,
} from '../relay/relay-transport';
import { NatsLink } from './nats-link';
import { NatsLog } from './nats-log';
import { Questions } from './questions';

/** A frame or page is smaller. */
const NEEDED_PAYLOAD = 512 * 1024;

export interface NatsRelayOptions {
  /**
   * Of the log. Relays and instances that name the same one in the same NATS share it: one for each
   * database schema.
   * @defaultValue 'default'
   */
  readonly name?: string;
  /**
   * How long a request may take before it fails and the connection is given up, in ms; 10–60000.
   * @defaultValue 400
   */
  readonly callTimeoutMs?: number;
  /**
   * On how many servers of a NATS cluster each stream is kept; 1–5. The same everywhere.
   * @defaultValue 1
   */
  readonly replicas?: number;
}

export const NATS_RELAY_OPTIONS = {
  name: text('1 to 64 letters, digits, hyphens and underscores', /^[\w-]{1,64}$/, {
    default: 'default',
    says: 'What streams and subjects begin with. Instances that name the same one in the same NATS share them.',
  }),
  callTimeoutMs: CALL_TIMEOUT_MS,
  replicas: whole(1, 5, {
    unit: 'servers',
    default: 1,
    says: 'On how many servers of a NATS cluster each stream is kept. The same everywhere.',
  }),
} satisfies Table<NatsRelayOptions>;

/**
 * The log of a relay in JetStream, of nats-server 2.9 or newer: in streams `nl-<name>-…`, with
 * subjects `nl.<name>.…`. Only those that may revoke tokens may write there: see docs/relay.md.
 *
 * @example
 * const relay = new NatsRelay({ servers: process.env.NATS_URL });
 * const store = new PostgresRevocationStore(dataSource, { relay });
 */
export class NatsRelay extends RelayTransport {
  private readonly link: NatsLink;
  private readonly log: NatsLog;
  private readonly questions: Questions;
  private readonly bells: Readonly<Record<Bell, string>>;

  /**
   * @param connection of @nats-io/transport-node. Reconnecting is ours: what it says of that is not used.
   * @throws {TypeError} an option is not of its form.
   */
  constructor(connection: NodeConnectionOptions, options: NatsRelayOptions = {}) {
    super();
    const { name, callTimeoutMs, replicas } = resolve(NATS_RELAY_OPTIONS, options);
    const prefix = `nl.${name}`;
    this.bells = { asks: `${prefix}.asked`, frames: `${prefix}.framed` };
    this.link = new NatsLink(connection, callTimeoutMs);
    this.log = new NatsLog(this.link, prefix, `nl-${name}`, replicas);
    const stream = { name: `nl-${name}-asks`, num_replicas: replicas };
    this.questions = new Questions(this.link, prefix, stream);
  }

  get isListening(): boolean {
    return this.link.isListening;
  }

  async ask(question: string): Promise<void> {
    await this.questions.add(question);
    this.link.tell(this.bells.asks);
  }

  async takeAsks(): Promise<TakenAsks> {
    const [questions, { last }] = await Promise.all([this.questions.take(), this.log.end()]);
    return { questions, last: last && { frame: last.frame, checkpoint: last.checkpoint } };
  }

  async append(after: FramePlace, frame: StoredFrame): Promise<boolean> {
    return this.toldIf(await this.log.append(after, frame));
  }

  async begin(
    after: FramePlace | null,
    frame: StoredFrame,
    checkpoint: Checkpoint,
  ): Promise<boolean> {
    return this.toldIf(await this.log.begin(after, frame, checkpoint));
  }

  moveCheckpoint(at: FramePlace, checkpoint: Checkpoint): Promise<boolean> {
    return this.log.moveCheckpoint(at, checkpoint);
  }

  read(from: number | null): Promise<LogPart | null> {
    return this.log.read(from);
  }

  writePage(pagesId: string, index: number, page: string): Promise<void> {
    return this.log.writePage(pagesId, index, page);
  }

  readPage(pagesId: string, index: number): Promise<string | null> {
    return this.log.readPage(pagesId, index);
  }

  listen(bell: Bell, onRing: () => void): void {
    this.link.listen(this.bells[bell], onRing);
  }

  async misconfiguration(): Promise<string | undefined> {
    const bytes = await this.link.maxPayload();
    if (bytes < NEEDED_PAYLOAD) {
      return (
        `The NATS of the relay has max_payload ${bytes}. A frame may be longer, and is then not ` +
        `kept. Set it to ${NEEDED_PAYLOAD} or more.`
      );
    }
    return (await this.log.difference()) ?? (await this.questions.difference());
  }

  close(): Promise<void> {
    this.link.close();
    return Promise.resolve();
  }

  private toldIf(isWritten: boolean): boolean {
    if (isWritten) this.link.tell(this.bells.frames);
    return isWritten;
  }
}
