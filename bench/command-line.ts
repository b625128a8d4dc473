import { parseArgs } from 'node:util';

export interface Command {
  /** The groups to run. */
  readonly only: readonly string[];
  readonly rounds: number;
  readonly seconds: number;
  /** Whether one JSON object is printed instead of tables. */
  readonly isJson: boolean;
}

/**
 * @param long the groups that only run when they are asked for.
 * @throws {Error} naming what is wrong, and what there is.
 */
export function readCommand(
  args: readonly string[],
  groups: readonly string[],
  long: readonly string[],
): Command {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string', multiple: true, default: [] },
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '3' },
      json: { type: 'boolean', default: false },
    },
  });
  const only = values.only.flatMap((list) => list.split(','));
  const unknown = only.find((name) => !groups.includes(name));
  if (unknown !== undefined)
    throw new Error(`there is no group "${unknown}"; there are ${groups.join(', ')}`);
  return {
    only: only.length === 0 ? groups.filter((name) => !long.includes(name)) : only,
    rounds: readWhole('rounds', values.rounds),
    seconds: readWhole('seconds', values.seconds),
    isJson: values.json,
  };
}

function readWhole(name: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= 1000) return value;
  throw new Error(`--${name} must be a whole number from 1 to 1000, got ${text}`);
}
