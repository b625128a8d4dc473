import type { Fields, NatsLink } from './nats-link';

/** As JetStream words it; times in nanoseconds. */
export interface StreamConfig {
  readonly name: string;
  readonly subjects: readonly string[];
  readonly num_replicas: number;
  readonly max_age: number;
  readonly max_msgs: number;
  readonly allow_rollup_hdrs: boolean;
}

/** What all of ours are: everything is kept until it is too old, in memory. */
const COMMON = {
  retention: 'limits',
  storage: 'memory',
  discard: 'old',
  max_bytes: -1,
  max_msg_size: -1,
  max_msgs_per_subject: -1,
  max_consumers: -1,
};

/** Of what is not there: a stream, a message. */
const ABSENT = new Set([10_059, 10_037]);
const IN_USE_OTHERWISE = 10_058;
const WRONG_LAST_SEQUENCE = 10_071;

interface Answer {
  readonly error?: { readonly err_code: number; readonly description: string };
}

export interface StreamInfo {
  readonly config: Readonly<Record<string, unknown>>;
  /** When this very stream was made; one that was lost and made anew has another. */
  readonly created: string;
  readonly state: {
    readonly first_seq: number;
    readonly last_seq: number;
    /** Between the first and the last. */
    readonly num_deleted?: number;
  };
}

export interface StreamMessage {
  readonly subject: string;
  readonly seq: number;
  readonly text: string;
}

/**
 * A stream of JetStream. It is made where it is missing, when something is to be kept in it. All
 * that is read comes from the leader of the stream, so that a read sees every write before it.
 */
export class NatsStream {
  private readonly config: StreamConfig;
  /** Whether it may be gone, and nothing said so. */
  private isInDoubt = false;

  constructor(
    private readonly link: NatsLink,
    config: StreamConfig,
  ) {
    this.config = { ...COMMON, ...config };
  }

  /** @returns `null` where there is no such stream. */
  info(): Promise<StreamInfo | null> {
    return this.ask<StreamInfo>('STREAM.INFO');
  }

  /** @returns `null` where there is none. */
  async message(
    which: { readonly seq: number } | { readonly last_by_subj: string },
  ): Promise<StreamMessage | null> {
    type Found = { message: { subject: string; seq: number; data?: string } };
    const found = await this.ask<Found>('STREAM.MSG.GET', which);
    if (found === null) return null;
    const { subject, seq, data = '' } = found.message;
    return { subject, seq, text: Buffer.from(data, 'base64').toString() };
  }

  /** @returns whether it is kept: not so if `fields` expect another end than there is. */
  async publish(subject: string, text: string, fields?: Fields): Promise<boolean> {
    if (this.isInDoubt) await this.make();
    this.isInDoubt = true;
    let reply = await this.link.request(subject, text, fields);
    if (reply === null) {
      await this.make();
      reply = await this.link.request(subject, text, fields);
    }
    if (reply === null) throw new Error(`No stream of this NATS takes "${subject}".`);
    this.isInDoubt = false;
    const { error } = reply.json<Answer>();
    if (error === undefined) return true;
    if (error.err_code === WRONG_LAST_SEQUENCE) return false;
    throw refused(`to keep "${subject}"`, error);
  }

  /** Drops what is before this sequence. */
  async purgeBefore(seq: number): Promise<void> {
    // Nothing is before the first; and nats-server takes 1 for "all of it".
    if (seq > 1) await this.ask('STREAM.PURGE', { seq });
  }

  /** What somebody has set otherwise, in a sentence. */
  async difference(): Promise<string | undefined> {
    const info = await this.info();
    if (info === null) return undefined;
    const wanted = Object.entries<unknown>({ ...this.config });
    const differing = wanted.find(([name, value]) => {
      return JSON.stringify(info.config[name]) !== JSON.stringify(value);
    });
    if (differing === undefined) return undefined;
    const [name, value] = differing;
    return (
      `The stream "${this.config.name}" of the relay has ${name} ` +
      `${JSON.stringify(info.config[name])} instead of ${JSON.stringify(value)}. Delete it: it is ` +
      'made anew, and instances go on after one round.'
    );
  }

  private async make(): Promise<void> {
    await this.ask('STREAM.CREATE', this.config, new Set([IN_USE_OTHERWISE]));
  }

  /** @returns `null` in place of these errors. */
  private async ask<T>(what: string, request?: object, isNothing = ABSENT): Promise<T | null> {
    const { name } = this.config;
    const text = request === undefined ? '' : JSON.stringify(request);
    const reply = await this.link.request(`$JS.API.${what}.${name}`, text);
    if (reply === null) throw new Error(NO_JETSTREAM);
    const answer = reply.json<T & Answer>();
    if (answer.error === undefined) return answer;
    if (isNothing.has(answer.error.err_code)) return null;
    throw refused(`${what} of "${name}"`, answer.error);
  }
}

const refused = (what: string, { description }: NonNullable<Answer['error']>): Error =>
  new Error(`NATS refused ${what}: ${description}.`);

const NO_JETSTREAM =
  'JetStream is not enabled in this NATS, or not for this account. Start nats-server with -js.';
