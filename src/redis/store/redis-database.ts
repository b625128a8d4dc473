import { StoreUnavailableError } from '../../revocation/errors';
import type { StoreClock } from '../../revocation/store-clock';
import type { RedisClient, RedisCommand } from '../redis-client';
import { RedisLink } from '../redis-link';
import type { ResolvedRedisOptions } from './redis-store-options';

/** What scripts return, as clients hand it over. */
export type Reply = string | number | null | readonly Reply[];

/** Of all that is in Redis, when a script ran. */
interface State {
  /** By the clock of Redis, in µs since the epoch. */
  readonly micros: number;
  readonly generation: string;
  /** Sessions that were opened by then are over, in ms since the epoch. */
  readonly floorMs: number;
  /** Of the last frame. */
  readonly number: number;
}

export interface Answer extends State {
  readonly values: readonly Reply[];
}

/** Something changed between a read and what was decided by it. */
export class ConflictError extends Error {}

/** What must not wait for each other has a connection of its own. */
export type Lane = 'lookUps' | 'changes' | 'reads' | 'announcements';

const CHECK_EVERY_MS = 60_000;
/** Of the time that a command may take. WAIT must answer before that is over. */
const WAIT_SHARE = 0.8;

/** One Redis, for as long as it holds what this process has seen there. */
export class RedisDatabase {
  readonly prefix: string;
  private readonly links: Readonly<Record<Lane, RedisLink>>;
  /** Of all answers that of the latest script. */
  private last: State | undefined;
  private evicting: Error | undefined;
  private timer: NodeJS.Timeout | undefined;
  private isOpen = false;

  constructor(
    client: RedisClient,
    private readonly clock: StoreClock,
    private readonly options: ResolvedRedisOptions,
  ) {
    const { name, lookupTimeoutMs, writeTimeoutMs } = options;
    this.prefix = prefixOf(name);
    this.links = {
      lookUps: new RedisLink(client, lookupTimeoutMs),
      changes: new RedisLink(client, writeTimeoutMs),
      reads: new RedisLink(client, writeTimeoutMs),
      announcements: new RedisLink(client, writeTimeoutMs),
    };
  }

  /** The generation that changes are meant for. */
  get generation(): string {
    return this.last?.generation ?? '';
  }

  get isListening(): boolean {
    return this.links.reads.isListening;
  }

  /** @throws {StoreUnavailableError} Redis evicts keys, or does not answer. */
  async open(): Promise<void> {
    this.isOpen = true;
    await this.checkEviction();
    if (this.evicting !== undefined)
      throw new StoreUnavailableError('open', { cause: this.evicting });
    this.timer ??= setInterval(() => {
      this.checkEviction().catch(this.options.onError);
    }, CHECK_EVERY_MS).unref();
  }

  /** What is under way fails, and what follows; idempotent. */
  close(): void {
    this.isOpen = false;
    clearInterval(this.timer);
    this.timer = undefined;
    for (const link of Object.values(this.links)) link.close();
  }

  /** Stops listening, and ends what is read in the background; both may go on afterwards. */
  interrupt(): void {
    this.links.reads.close();
    this.links.announcements.close();
  }

  listen(onRing: () => void): void {
    this.links.reads.listen(`${this.prefix}:bell`, onRing);
  }

  /**
   * Runs a script. Where replicas are to confirm it, it has written something: they have by then.
   * @param operation completes the sentence "The revocation store could not …".
   * @throws {StoreUnavailableError} whether it took effect is unknown.
   * @throws {ConflictError} it did nothing.
   */
  async run(operation: string, lane: Lane, script: string, asked: object): Promise<Answer> {
    const touch = this.options.waitForReplicas > 0;
    const json = JSON.stringify({ touch, ...asked });
    const head = `${this.prefix}:head`;
    const command: RedisCommand = ['EVAL', script, '1', head, this.prefix, json];
    const replies = await this.send(operation, lane, command, touch);
    const [status, micros, generation, floor, number, ...values] = replies as readonly Reply[];
    if (status === 'conflict') throw new ConflictError();
    if (status !== 'ok') throw this.refused(operation, String(status));
    const state = {
      micros: Number(micros),
      generation: String(generation),
      floorMs: floor === '' ? -Infinity : Number(floor),
      number: Number(number),
    };
    this.admit(operation, state);
    return { ...state, values };
  }

  /** Sends one command. @throws {StoreUnavailableError} */
  async command(operation: string, lane: Lane, command: RedisCommand): Promise<Reply> {
    return this.send(operation, lane, command, false);
  }

  private async send(
    operation: string,
    lane: Lane,
    command: RedisCommand,
    waits: boolean,
  ): Promise<Reply> {
    if (!this.isOpen) throw new StoreUnavailableError(operation);
    if (this.evicting !== undefined)
      throw new StoreUnavailableError(operation, { cause: this.evicting });
    try {
      if (!waits) return (await this.links[lane].call(command)) as Reply;
      // Through the same connection: WAIT counts replicas that have what came through it.
      const [reply, confirmed] = await this.links[lane].callTogether([command, this.wait(lane)]);
      this.checkConfirmed(Number(confirmed));
      return reply as Reply;
    } catch (cause) {
      throw new StoreUnavailableError(operation, { cause });
    }
  }

  private wait(lane: Lane): RedisCommand {
    const { waitForReplicas, lookupTimeoutMs, writeTimeoutMs } = this.options;
    const limitMs = (lane === 'lookUps' ? lookupTimeoutMs : writeTimeoutMs) * WAIT_SHARE;
    return ['WAIT', String(waitForReplicas), String(Math.floor(limitMs))];
  }

  private checkConfirmed(confirmed: number): void {
    const { waitForReplicas } = this.options;
    if (confirmed >= waitForReplicas) return;
    throw new Error(
      `${confirmed} replicas of Redis have confirmed it, of the ${waitForReplicas} that ` +
        '"waitForReplicas" demands. Bring the others back.',
    );
  }

  /**
   * Another generation counts only if its floor refuses whatever the one before may have known. That
   * is in milliseconds, as all instants of tokens and sessions are: it covers the one that it names.
   * @throws {StoreUnavailableError} it is another one.
   */
  private admit(operation: string, answer: State): void {
    const { last } = this;
    if (last === undefined || last.generation !== answer.generation) {
      if (last !== undefined && answer.floorMs < Math.floor(last.micros / 1000))
        throw new StoreUnavailableError(operation, { cause: new Error(OTHER_GENERATION) });
      this.last = answer;
    } else if (answer.micros > last.micros) {
      if (answer.number < last.number) this.options.onError(new Error(LOST));
      this.last = answer;
    }
    this.clock.observe(answer.micros / 1000);
  }

  private refused(operation: string, status: string): StoreUnavailableError {
    const { name } = this.options;
    return new StoreUnavailableError(operation, { cause: new Error(sentenceOf(status, name)) });
  }

  private async checkEviction(): Promise<void> {
    const reply = await this.links.reads.call(['INFO', 'memory']).catch((cause: unknown) => {
      throw new StoreUnavailableError('check its settings', { cause });
    });
    const policy = /^maxmemory_policy:(\S+)/m.exec(String(reply))?.[1];
    this.evicting =
      policy === undefined || policy === 'noeviction' ? undefined : new Error(evictingBy(policy));
    if (this.evicting !== undefined) this.options.onError(this.evicting);
  }
}

/** What the names of all keys begin with: they are in one slot. */
export const prefixOf = (name: string): string => `{nl:${name}}`;

function sentenceOf(status: string, name: string): string {
  if (status === 'replica') return 'The server is a replica of Redis. Give the client the primary.';
  if (status === 'moved') return 'Redis was initialised anew meanwhile. Try again.';
  return (
    `Redis holds nothing under the name "${name}". If no token was ever revoked there, run ` +
    `initRedis(client, { name: '${name}' }) once. If it has lost its data, run it with afterLoss: ` +
    'true: then every token that was issued until then is refused.'
  );
}

const evictingBy = (policy: string): string =>
  `Redis has the maxmemory-policy "${policy}", by which it evicts revocations, so every request is ` +
  'refused. Set it to noeviction.';

/** Nothing here can bring it back. */
export const LOST =
  'Redis has lost revocations that it had confirmed, by a restart or a failover, or was initialised ' +
  'anew. If it lost them, run initRedis with afterLoss: true.';

const OTHER_GENERATION =
  'Redis holds other data than before, and does not say that some were lost. If it lost them, run ' +
  'initRedis with afterLoss: true. If the address leads to another Redis, correct it. If neither is ' +
  'so, restart this instance.';
