import { readFileSync } from 'node:fs';
import { cpuTimeMs } from '../cpu-time';

const ESTABLISHED = '01';
const LOOK_EVERY_MS = 200;

/** CPU time over some time, in cores: 1 is one core, busy all the time. */
export interface Cores {
  readonly postgres: number;
  /** 0 where there is none. */
  readonly broker: number;
  /** Of both processes whose instance has a relay. */
  readonly relays: number;
}

/** Which processes each figure is of, with their children. */
export type Servers = Readonly<Record<keyof Cores, readonly number[]>>;

/** @returns what tells the cores from now until it is called. */
export function watchCores(servers: Servers): () => Cores {
  const from = performance.now();
  const before = timesOf(servers);
  return () => {
    const [now, ms] = [timesOf(servers), performance.now() - from];
    return {
      postgres: (now.postgres - before.postgres) / ms,
      broker: (now.broker - before.broker) / ms,
      relays: (now.relays - before.relays) / ms,
    };
  };
}

function timesOf({ postgres, broker, relays }: Servers): Cores {
  const sum = (pids: readonly number[]) => pids.reduce((ms, pid) => ms + cpuTimeMs(pid), 0);
  return { postgres: sum(postgres), broker: sum(broker), relays: sum(relays) };
}

/** How many connections there are to a server on 127.0.0.1; asks the kernel, not the server. */
export function connectionsTo(port: number): number {
  const local = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const lines = readFileSync('/proc/net/tcp', 'utf8').split('\n');
  // See proc(5): after the number of the line come its address, the client's, and the state.
  return lines.filter((line) => {
    const [, server, , state] = line.trim().split(/\s+/);
    return server === local && state === ESTABLISHED;
  }).length;
}

/** The connections to a server. */
export interface Connections {
  /** When nothing happens. */
  readonly forGood: number;
  /** The most that were seen. */
  readonly atMost: number;
}

/** Counts them over some time. */
export class ConnectionCount {
  private readonly forGood: number;
  private most: number;
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly port: number) {
    this.forGood = this.most = connectionsTo(port);
    this.timer = setInterval(() => {
      this.look();
    }, LOOK_EVERY_MS).unref();
  }

  /** The most that there were; no more are counted. */
  end(): Connections {
    clearInterval(this.timer);
    this.look();
    return { forGood: this.forGood, atMost: this.most };
  }

  private look(): void {
    this.most = Math.max(this.most, connectionsTo(this.port));
  }
}
