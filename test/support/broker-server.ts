import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { isListening } from './free-port';
import { temporaryFolder } from './temporary-folder';

/** A broker of one suite's own, on 127.0.0.1. It keeps nothing: a restart is empty. */
export abstract class BrokerServer {
  protected readonly folder = temporaryFolder();
  protected child: ChildProcess | undefined;

  protected constructor(readonly port: number) {}

  /** Starts its process. */
  protected abstract launch(): ChildProcess;

  /** On the same port; resolves when it answers. */
  async restart(): Promise<void> {
    this.child = this.launch();
    while (!(await isListening(this.port))) await sleep(20);
  }

  async kill(): Promise<void> {
    const { child } = this;
    if (child === undefined) return;
    this.child = undefined;
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }

  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    this.child?.kill(name);
  }

  async remove(): Promise<void> {
    await this.kill();
    this.folder.remove();
  }
}
