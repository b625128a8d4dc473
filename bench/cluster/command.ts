import { parseArgs } from 'node:util';
import { BROKER_NAMES } from '../brokers';
import type { Size, Source } from './figures';

/** What `npm run cluster` is asked for. */
export interface ClusterCommand {
  /** How many whole applications run at a time, one size after the other. */
  readonly instances: readonly number[];
  /** What stores follow, one after the other, and how many at a time, in few processes. */
  readonly followers: readonly Pick<Size, 'source' | 'count'>[];
  /** Logouts a second, one rate after the other. */
  readonly rates: readonly number[];
  /** How long each figure is measured. */
  readonly seconds: number;
  /** Whether one JSON object is printed instead of tables. */
  readonly isJson: boolean;
  /** Where plots are written to; `undefined`: nowhere. */
  readonly plots: string | undefined;
}

const READING_POSTGRES = '10,50,100,200';
const BEHIND_A_BROKER = '10,50,100,200,500';

/** @throws {Error} naming what is wrong. */
export function readClusterCommand(args: readonly string[]): ClusterCommand {
  const { values } = parseArgs({
    args: [...args],
    options: {
      instances: { type: 'string', default: '1,2,4,8' },
      followers: { type: 'string' },
      behind: { type: 'string', default: 'postgres,redis' },
      rates: { type: 'string', default: '10,100' },
      seconds: { type: 'string', default: '5' },
      plots: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  return {
    instances: readList('instances', values.instances, 64),
    followers: readSources(values.behind).flatMap((source) =>
      readList(
        'followers',
        values.followers ?? (source === 'postgres' ? READING_POSTGRES : BEHIND_A_BROKER),
        1000,
      ).map((count) => ({ source, count })),
    ),
    rates: readList('rates', values.rates, 1000),
    seconds: readList('seconds', values.seconds, 600)[0] ?? 5,
    isJson: values.json,
    plots: values.plots,
  };
}

/** `none` is an empty list. */
function readList(name: string, text: string, max: number): number[] {
  if (text === 'none') return [];
  const numbers = text.split(',').map(Number);
  if (numbers.every((each) => Number.isInteger(each) && each >= 1 && each <= max)) return numbers;
  throw new Error(`--${name} must be whole numbers from 1 to ${max}, or none, got ${text}`);
}

function readSources(text: string): Source[] {
  const sources = ['postgres', ...BROKER_NAMES] as const;
  return text.split(',').map((name) => {
    const found = sources.find((each) => each === name);
    if (found !== undefined) return found;
    throw new Error(`--behind must be one or more of ${sources.join(', ')}, got ${text}`);
  });
}
