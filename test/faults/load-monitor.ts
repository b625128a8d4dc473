import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpus } from 'node:os';

interface Period {
  readonly from: number;
  readonly to: number;
}

/** In ms of all processors together. */
interface Work {
  readonly busy: number;
  readonly idle: number;
}

const ECHO_EVERY_MS = 50;
/** A quarter of the time after which a look-up is given up. */
const LATE_MS = 100;
const SAMPLE_EVERY_MS = 500;
const BUSY = 0.9;
/** What is late now may have been late because of what happened so long before. */
const AFTERMATH_MS = 1000;

const now = (): number => performance.now();

/** What the processors have done since they were started. */
function workOfProcessors(): Work {
  const total = { busy: 0, idle: 0 };
  for (const { times } of cpus()) {
    total.busy += times.user + times.nice + times.sys + times.irq;
    total.idle += times.idle;
  }
  return total;
}

/**
 * Notes when the machine itself was too busy to serve anything in time: no processor was idle, or a
 * process that has nothing to do but to answer was late. What was not served then proves nothing.
 */
export class LoadMonitor {
  private readonly overloads: Period[] = [];
  private readonly timers: readonly NodeJS.Timeout[];
  private sentAt: number | undefined;
  private askedAt = now();

  private constructor(
    private readonly echo: ChildProcess,
    private readonly workDone: () => Work,
  ) {
    echo.stdout?.on('data', () => {
      this.answered();
    });
    this.timers = [
      setInterval(() => {
        this.ask();
      }, ECHO_EVERY_MS),
      setInterval(this.sampler(), SAMPLE_EVERY_MS),
    ];
  }

  /** @param workDone what the processors have done so far. */
  static async start(workDone = workOfProcessors): Promise<LoadMonitor> {
    const echo = spawn(process.execPath, ['-e', 'process.stdin.pipe(process.stdout)'], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    echo.stdin.write('.');
    await once(echo.stdout, 'data');
    return new LoadMonitor(echo, workDone);
  }

  /** Whether the machine was too busy during that time, or shortly before it. */
  wasOverloaded({ from, to }: Period): boolean {
    return this.overloads.some((each) => each.from <= to && each.to >= from - AFTERMATH_MS);
  }

  /** For how long in all, in ms. */
  get overloadedMs(): number {
    return this.overloads.reduce((sum, { from, to }) => sum + to - from, 0);
  }

  stop(): void {
    for (const timer of this.timers) clearInterval(timer);
    this.answered(); // what has no answer yet is as late as can be
    this.echo.kill('SIGKILL');
  }

  private ask(): void {
    this.note({ from: this.askedAt + ECHO_EVERY_MS, to: now() }); // we may be late ourselves
    this.askedAt = now();
    if (this.sentAt !== undefined) return;
    this.sentAt = now();
    this.echo.stdin?.write('.');
  }

  private answered(): void {
    if (this.sentAt !== undefined) this.note({ from: this.sentAt, to: now() });
    this.sentAt = undefined;
  }

  private note(wait: Period): void {
    if (wait.to - wait.from > LATE_MS) this.overloads.push(wait);
  }

  private sampler(): () => void {
    let [before, at] = [this.workDone(), now()];
    return () => {
      const [after, to] = [this.workDone(), now()];
      const [busy, idle] = [after.busy - before.busy, after.idle - before.idle];
      if (busy > BUSY * (busy + idle)) this.overloads.push({ from: at, to });
      [before, at] = [after, to];
    };
  }
}
