import { join } from 'node:path';
import type { Group } from '../bench';
import { run } from '../processes';
import type { Measure } from '../statistics';

/** The parts of `in-memory`, one by one, and after a day of coming and going: minutes a round. */
export const knownRevocations: Group = async ({ rounds }) => {
  const program = join(__dirname, '..', 'known-revocations.js');
  const said = await run(process.execPath, [program, '--json', '--rounds', String(rounds)]);
  return (JSON.parse(said) as { readonly measures: Measure[] }).measures;
};
