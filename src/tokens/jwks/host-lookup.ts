import { lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';

type Answer = Parameters<LookupFunction>[2];

/**
 * Looks hosts up as `lookUp` does, each once at a time: who asks meanwhile gets the same answer.
 *
 * No lookup can be cancelled, and Node does two at once for the whole process. A fetch that gives up
 * and is begun anew would leave one behind each time: where the name server of a provider does not
 * answer, nothing in the process could look up another host, such as that of its database.
 */
export function onceAtATime(lookUp: LookupFunction): LookupFunction {
  const waiting = new Map<string, Answer[]>();
  return (hostname, options, answer) => {
    const name = JSON.stringify([hostname, options]);
    const known = waiting.get(name);
    if (known !== undefined) {
      known.push(answer);
      return;
    }
    const answers = [answer];
    waiting.set(name, answers);
    lookUp(hostname, options, (error, address, family) => {
      waiting.delete(name);
      for (const each of answers) each(error, address, family);
    });
  };
}

/** Shared by all issuers of the process: many have one host. */
export const lookUpHost = onceAtATime(lookup);
