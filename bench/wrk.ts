import { join } from 'node:path';
import { run } from './processes';

const scripts = join(__dirname, '..', '..', 'bench', 'load');

/** Requests that are sent as fast as they are answered. */
export interface Load {
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
  /** Of each request; or `tokens`, each of which is sent once. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly tokens?: { readonly file: string; readonly method: 'GET' | 'POST' };
}

/** What they came to. */
export interface Throughput {
  /** With 2xx. */
  readonly answered: number;
  readonly perSecond: number;
  /** Whether the tokens did not last: then the other figures say nothing. */
  readonly isExhausted: boolean;
}

interface Report {
  readonly requests: number;
  readonly microseconds: number;
  readonly refused: number;
  readonly broken: number;
  readonly isExhausted: boolean;
}

/** @throws {Error} an answer was not 2xx, or a connection broke: the figure would be of another thing. */
export async function load({
  url,
  connections,
  seconds,
  headers,
  tokens,
}: Load): Promise<Throughput> {
  const script = tokens === undefined ? 'report.lua' : 'tokens.lua';
  const said = await run('wrk', [
    ...['--threads', '1', '--connections', String(connections), '--duration', `${seconds}s`],
    ...['--timeout', '10s', '--script', join(scripts, script)],
    ...Object.entries(headers ?? {}).flatMap(([name, value]) => ['--header', `${name}: ${value}`]),
    url,
    ...(tokens === undefined ? [] : ['--', tokens.file, tokens.method]),
  ]);
  const line = said.split('\n').find((text) => text.startsWith('{'));
  if (line === undefined) throw new Error(`wrk did not report: ${said}`);
  const { requests, microseconds, refused, broken, isExhausted } = JSON.parse(line) as Report;
  if (!isExhausted && (refused > 0 || broken > 0 || requests === 0))
    throw new Error(`of ${requests} requests to ${url}, ${refused} were refused, ${broken} broken`);
  const answered = requests - refused;
  return { answered, perSecond: answered / (microseconds / 1e6), isExhausted };
}
