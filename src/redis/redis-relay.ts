import { resolve, type Table } from '../options/option';
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
import type { RedisClient } from './redis-client';
import { RedisLink } from './redis-link';
import { REDIS_CLIENT, REDIS_NAME } from './redis-options';
import { checkpointIn, framesIn, isYes, textOf, texts, type Reply } from './replies';
import { APPEND, ASK, BEGIN, MOVE_CHECKPOINT, READ, TAKE_ASKS, WRITE_PAGE } from './scripts';

const FRAMES_PER_READ = 256;

export interface RedisRelayOptions {
  /**
   * Of the log. Relays and instances that name the same one in the same Redis share it: one for each
   * database schema.
   * @defaultValue 'default'
   */
  readonly name?: string;
  /**
   * How long a command may take before it fails and its connection is given up, in ms; 10–60000.
   * @defaultValue 400
   */
  readonly callTimeoutMs?: number;
}

export const REDIS_RELAY_OPTIONS = {
  name: REDIS_NAME,
  callTimeoutMs: CALL_TIMEOUT_MS,
} satisfies Table<RedisRelayOptions>;

const CHANNELS: Readonly<Record<Bell, string>> = { asks: 'asked', frames: 'framed' };

/**
 * The log of a relay in Redis 6.2 or newer, in keys that begin with `{nl:<name>}:relay`, which are
 * one slot. Only those that may revoke tokens may write there: see docs/relay.md.
 *
 * @example
 * const relay = new RedisRelay(fromNodeRedis(createClient({ url: process.env.REDIS_URL })));
 * const store = new PostgresRevocationStore(dataSource, { relay });
 */
export class RedisRelay extends RelayTransport {
  private readonly prefix: string;
  private readonly link: RedisLink;

  /** @throws {TypeError} the client or an option is not of its form. */
  constructor(client: RedisClient, options: RedisRelayOptions = {}) {
    super();
    const { name, callTimeoutMs } = resolve(REDIS_RELAY_OPTIONS, options);
    this.prefix = `{nl:${name}}:relay`;
    this.link = new RedisLink(REDIS_CLIENT.read(client, 'client'), callTimeoutMs);
  }

  get isListening(): boolean {
    return this.link.isListening;
  }

  async ask(question: string): Promise<void> {
    await this.run(ASK, question);
  }

  async takeAsks(): Promise<TakenAsks> {
    const [questions, last] = (await this.run(TAKE_ASKS)) as [Reply[], LastReply | null];
    if (last === null) return { questions: texts(questions), last: null };
    const [generation, number, random, frameText, ...checkpoint] = last;
    const place = {
      generation: textOf(generation),
      number: Number(number),
      random: textOf(random),
    };
    const frame = { ...place, text: textOf(frameText) };
    return { questions: texts(questions), last: { frame, checkpoint: checkpointIn(checkpoint) } };
  }

  async append(after: FramePlace, frame: StoredFrame): Promise<boolean> {
    const { number, random, text: frameText } = frame;
    return isYes(await this.run(APPEND, ...argsOf(after), String(number), random, frameText));
  }

  async begin(
    after: FramePlace | null,
    frame: StoredFrame,
    { pagesId, pages }: Checkpoint,
  ): Promise<boolean> {
    const end = after === null ? ['', '', ''] : argsOf(after);
    const own = [...argsOf(frame), frame.text, pagesId, String(pages)];
    return isYes(await this.run(BEGIN, ...end, ...own));
  }

  async moveCheckpoint(at: FramePlace, { pagesId, pages }: Checkpoint): Promise<boolean> {
    return isYes(await this.run(MOVE_CHECKPOINT, ...argsOf(at), pagesId, String(pages)));
  }

  async read(from: number | null): Promise<LogPart | null> {
    const first = from === null ? '' : String(from);
    const reply = await this.run(READ, first, String(FRAMES_PER_READ + 1));
    if (reply === null) return null;
    const [generation, ...rest] = reply as readonly [Reply, ...PartReply];
    const [number, pagesId, pages, entries] = rest;
    const frames = framesIn(textOf(generation), entries);
    return {
      generation: textOf(generation),
      checkpoint: checkpointIn([number, pagesId, pages]),
      frames: frames.slice(0, FRAMES_PER_READ),
      hasMore: frames.length > FRAMES_PER_READ,
    };
  }

  async writePage(pagesId: string, index: number, page: string): Promise<void> {
    await this.run(WRITE_PAGE, pagesId, String(index), page);
  }

  async readPage(pagesId: string, index: number): Promise<string | null> {
    const page = await this.link.call(['HGET', `${this.prefix}:pages:${pagesId}`, String(index)]);
    return page === null ? null : textOf(page as Reply);
  }

  listen(bell: Bell, onRing: () => void): void {
    this.link.listen(`${this.prefix}:${CHANNELS[bell]}`, onRing);
  }

  async misconfiguration(): Promise<string | undefined> {
    const memory = textOf((await this.link.call(['INFO', 'memory'])) as Reply);
    const policy = /^maxmemory_policy:(\S+)/m.exec(memory)?.[1];
    if (policy === undefined || policy === 'noeviction') return undefined;
    return (
      `The Redis of the relay has maxmemory-policy "${policy}". Where it evicts our keys, instances ` +
      'lose their leases. Set it to noeviction, or use a Redis of its own.'
    );
  }

  close(): Promise<void> {
    this.link.close();
    return Promise.resolve();
  }

  private run(script: string, ...args: readonly string[]): Promise<unknown> {
    const keys = ['head', 'log', 'asks'].map((key) => `${this.prefix}:${key}`);
    return this.link.call(['EVAL', script, String(keys.length), ...keys, this.prefix, ...args]);
  }
}

type LastReply = readonly [Reply, Reply, Reply, Reply, ...Reply[]];
type PartReply = readonly [number: Reply, pagesId: Reply, pages: Reply, entries: readonly Reply[]];

const argsOf = ({ generation, number, random }: FramePlace): string[] => [
  generation,
  String(number),
  random,
];
