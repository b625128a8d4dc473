import type { BenchEnvironment, Server } from '../bench-environment';
import { Worker } from '../processes';
import type { FollowerMessage, Traffic } from '../workers/followers';
import type { Costs, Seen, Size } from './figures';
import { watchCores, type Servers } from './servers';

const PROCESSES = 2;
/** One leads; the other would go on. */
const RELAYS = 2;

/** Followers of one source, in few processes; behind a broker, their relays, too. */
export class Fleet {
  /** Of the source, where it is one. */
  readonly broker: Server | undefined;
  private readonly followers: Worker<object>[] = [];
  private readonly relays: Worker<object>[] = [];

  constructor(
    private readonly environment: BenchEnvironment,
    private readonly size: Pick<Size, 'source' | 'count'>,
    private readonly databaseUrl: string,
  ) {
    const { source } = size;
    this.broker = source === 'postgres' ? undefined : environment.broker(source);
  }

  /** Resolves when all of them answer from memory. */
  async start(): Promise<void> {
    const { size, broker, followers, relays, databaseUrl: DATABASE_URL } = this;
    const log = {
      BROKER: broker && size.source,
      BROKER_URL: broker?.url,
      LOG_NAME: new URL(DATABASE_URL).pathname.slice(1), // one for each database
    };
    if (broker !== undefined)
      while (relays.length < RELAYS) relays.push(await startWorker(1, { ...log, DATABASE_URL }));
    const env = { ...log, DATABASE_URL: broker === undefined ? DATABASE_URL : undefined };
    for (let index = 0; index < PROCESSES; index += 1)
      followers.push(await startWorker(Math.floor((size.count + index) / PROCESSES), env));
  }

  /** Told to the followers; relays do not look. */
  tell(message: FollowerMessage): void {
    for (const worker of this.followers) worker.tell(message);
  }

  /** Since the last time; resolves when the bound of every logout is over. */
  seen(): Promise<Seen[]> {
    return Promise.all(this.followers.map((worker) => worker.ask<Seen>({ ask: 'seen' })));
  }

  /** What comes of `work`, and what it takes; of the servers and of each follower. */
  async during<Result>(work: () => Promise<Result>): Promise<{ costs: Costs; result: Result }> {
    const before = await this.traffic();
    const [cores, from] = [watchCores(this.servers), performance.now()];
    const result = await work();
    const [used, seconds] = [cores(), (performance.now() - from) / 1000];
    const after = await this.traffic();
    const reads = after.reads - before.reads;
    const perSecond = reads / seconds / this.size.count;
    const bytes = (after.bytes - before.bytes) / reads;
    return { costs: { cores: used, reads: { perSecond, bytes } }, result };
  }

  async stop(): Promise<void> {
    await Promise.all([...this.followers, ...this.relays].map((worker) => worker.stop()));
  }

  private get servers(): Servers {
    return {
      postgres: [this.environment.postgresPid],
      broker: this.broker === undefined ? [] : [this.broker.pid],
      relays: this.relays.map(({ pid }) => pid),
    };
  }

  private async traffic(): Promise<Traffic> {
    const all = await Promise.all(
      this.followers.map((worker) => worker.ask<Traffic>({ ask: 'traffic' })),
    );
    const sum = (of: keyof Traffic) => all.reduce((total, each) => total + each[of], 0);
    return { bytes: sum('bytes'), reads: sum('reads') };
  }
}

const startWorker = (count: number, env: NodeJS.ProcessEnv): Promise<Worker<object>> =>
  Worker.start('workers/followers', { ...env, FOLLOWERS: String(count) });
