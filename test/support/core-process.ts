import type { LogoutCore } from '../../src/core/compose';
import type { Answer, Call, CoreSettings } from './core-program';
import { TypescriptProcess } from './typescript-process';

const PROGRAM = `require('./test/support/core-program.ts');`;

/** The methods of an object in another process: each answers later. */
type Remote<T> = {
  readonly [Name in keyof T]: T[Name] extends (...args: infer Args) => infer Value
    ? (...args: Args) => Promise<Awaited<Value>>
    : Remote<T[Name]>;
};

export type RemoteCore = Remote<
  Pick<LogoutCore, 'store' | 'sessions' | 'tokens' | 'bulk' | 'revocation'>
>;

/** A call without an answer yet. */
interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** The core of a host that keeps sessions, in a process of its own. */
export class CoreProcess {
  readonly core = this.reach([]) as RemoteCore;
  private readonly waiting = new Map<number, Waiting>();
  private readonly calls: Call[] = [];
  private lastId = 0;

  private constructor(private readonly process: TypescriptProcess) {
    process.onMessage((message) => {
      this.settle(message as Answer);
    });
    void process.ending().then(({ stderr }) => {
      for (const { reject } of this.waiting.values()) reject(new Error(`It ended: ${stderr}`));
    });
  }

  static async start(settings: CoreSettings): Promise<CoreProcess> {
    const child = new TypescriptProcess(PROGRAM, { SETTINGS: JSON.stringify(settings) });
    if ((await child.firstLine()) !== undefined) return new CoreProcess(child);
    throw new Error(`A process did not start: ${(await child.ending()).stderr}`);
  }

  /** Closes the store and ends the process. */
  async stop(): Promise<void> {
    await this.core.store.close();
    await this.process.kill();
  }

  /** What is at the path: its members can be reached and, where it is a method, it can be called. */
  private reach(path: readonly string[]): unknown {
    return new Proxy(() => undefined, {
      get: (_, name) => this.reach([...path, String(name)]),
      apply: (_, __, args: unknown[]) => this.call(path, args),
    });
  }

  /** Calls of one moment travel in one message, so that they are at work together. */
  private call(path: readonly string[], args: readonly unknown[]): Promise<unknown> {
    const id = (this.lastId += 1);
    if (this.calls.length === 0)
      queueMicrotask(() => {
        this.process.send(this.calls.splice(0));
      });
    this.calls.push({ id, path, args });
    return new Promise((resolve, reject) => this.waiting.set(id, { resolve, reject }));
  }

  private settle({ id, value, error }: Answer): void {
    const answer = this.waiting.get(id);
    this.waiting.delete(id);
    if (error === undefined) answer?.resolve(value);
    else answer?.reject(Object.assign(new Error(error.message), { name: error.name }));
  }
}
