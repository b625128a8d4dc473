import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { builtProject } from '../support/built-project';
import { hasNats } from '../support/nats-server';
import { hasRedis } from '../support/redis-server';
import { testWith } from '../support/tools';

const run = promisify(execFile);

/** An example of `examples/two-instances`, as its command runs it, and what it has printed. */
class Example {
  private constructor(
    private readonly child: ChildProcess,
    readonly trial: string,
  ) {}

  static async start(name: string): Promise<Example> {
    const main = join(await builtProject(), `dist/examples/two-instances/${name}.js`);
    const { PATH } = process.env;
    const child = spawn(process.execPath, [main], {
      env: { PATH },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
    while (!said.includes('401')) await Promise.race([once(child.stdout, 'data'), gone(child)]);
    return new Example(child, said.slice(said.indexOf('TOKEN=')));
  }

  get exitCode(): number | null {
    return this.child.exitCode;
  }

  async stop(): Promise<void> {
    const exit = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    await exit;
  }
}

async function gone(child: ChildProcess): Promise<never> {
  await once(child, 'exit');
  throw new Error('the example ended before it had said how to try it');
}

/** What runs of an example. */
async function processesOf(name: string): Promise<string[]> {
  const { stdout } = await run('ps', ['-eo', 'args']);
  return stdout.split('\n').filter((line) => line.includes(`two-instances/${name}.js`));
}

function describeExample(name: string): void {
  it(`on ${name} refuses at B what was logged out at A, when what it prints is pasted`, async () => {
    const example = await Example.start(name);
    const { stdout } = await run('/bin/sh', ['-c', example.trial]).finally(() => example.stop());
    expect(stdout.match(/^HTTP\/1\.1 \d+/gm)).toEqual([
      'HTTP/1.1 200',
      'HTTP/1.1 200',
      'HTTP/1.1 401',
    ]);
    expect(stdout).toContain('{"name":"ada"}');
    expect(example.exitCode).toBe(0);
    expect(await processesOf(name)).toEqual([]);
  });
}

describe('The example with two instances', () => {
  describeExample('postgres');
  testWith('redis-server', hasRedis(), () => {
    describeExample('relay');
    describeExample('redis');
  });
  testWith('nats-server', hasNats(), () => {
    describeExample('nats');
  });
});
