import 'reflect-metadata';
import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { RevocationStore } from '../../src';
import { serve } from './instance';
import type { Backend } from './servers';

/** What both instances share, and how each reaches it. */
interface Arrangement {
  /** Started one after the other, and stopped last. */
  readonly servers: readonly (() => Promise<Backend>)[];
  /** The store of an instance, in its own process. */
  readonly store: (name: 'A' | 'B') => RevocationStore;
}

/**
 * Runs two instances of one application, a process each, and says how to try them. In a process
 * that it has started itself it runs an instance.
 * @param file the example that calls this.
 */
export function twoInstances(file: string, arrangement: Arrangement): void {
  const { INSTANCE } = process.env;
  const run =
    INSTANCE === 'A' || INSTANCE === 'B'
      ? instance(INSTANCE, arrangement)
      : both(file, arrangement);
  run.catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  });
}

async function both(file: string, arrangement: Arrangement): Promise<void> {
  const started: Backend[] = [];
  const children: ChildProcess[] = [];
  let isStopping = false;
  const stop = (code: number): void => {
    if (isStopping) return;
    isStopping = true;
    void Promise.all(children.map(ended))
      .then(() => Promise.all(started.map((server) => server.stop())))
      .finally(() => process.exit(code));
  };
  process.on('SIGINT', () => {
    stop(0);
  });
  process.on('SIGTERM', () => {
    stop(0);
  });
  let env: NodeJS.ProcessEnv = { ...process.env, JWT_SECRET: randomBytes(32).toString('hex') };
  try {
    for (const start of arrangement.servers) {
      const server = await start();
      started.push(server);
      env = { ...env, ...server.env };
    }
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    stop(1);
    return;
  }
  const urls: string[] = [];
  for (const name of ['A', 'B']) {
    const child = fork(file, [], { env: { ...env, INSTANCE: name } });
    children.push(child);
    child.once('exit', () => {
      stop(1);
    });
    const [url] = (await once(child, 'message')) as [string];
    urls.push(url);
  }
  const [a = '', b = ''] = urls;
  console.log(`Instance A: ${a}   Instance B: ${b}\n\n${trial(a, b)}`);
}

async function instance(name: 'A' | 'B', { store }: Arrangement): Promise<void> {
  // Ctrl-C reaches both; the parent ends this one.
  process.on('SIGINT', () => undefined);
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  process.send?.(await serve(store(name)));
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  await exit;
}

const trial = (a: string, b: string): string =>
  [
    `TOKEN=$(curl -s ${a}/login -H 'Content-Type: application/json' \\`,
    `  -d '{"name":"ada","password":"lovelace"}' | sed 's/.*"token":"\\([^"]*\\)".*/\\1/')`,
    `curl -si -w '\\n' ${b}/me -H "Authorization: Bearer $TOKEN"   # 200`,
    `curl -si -w '\\n' ${a}/api/v1/auth/logout -H "Authorization: Bearer $TOKEN" \\`,
    `  -H 'Content-Type: application/json' -d "{\\"token\\":\\"$TOKEN\\"}"   # 200: at A`,
    `sleep 2   # B refuses it by then: maxStalenessMs; mostly within a few milliseconds`,
    `curl -si -w '\\n' ${b}/me -H "Authorization: Bearer $TOKEN"   # 401: at B, too`,
  ].join('\n');
