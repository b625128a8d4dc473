import type { Group } from '../bench';
import { Worker } from '../processes';
import { measure, ratio } from '../statistics';
import type { InMemoryCheck } from '../workers/in-memory-check';

const FEW = 1000;
const MANY = 10_000_000;

/** What ten million live revocations cost, in memory and in time. */
export const inMemory: Group = async ({ rounds, progress }) => {
  const few: InMemoryCheck[] = [];
  const many: InMemoryCheck[] = [];
  for (let round = 0; round < rounds; round += 1) {
    few.push(await checkWith(FEW));
    many.push(await checkWith(MANY));
    progress(`  round ${round + 1} of ${rounds}`);
  }
  const ns = (figures: readonly InMemoryCheck[], name: keyof InMemoryCheck): number[] =>
    figures.map((figure) => figure[name]);
  return [
    measure('memory for each of 10 M revocations (RSS)', 'B', ns(many, 'bytes'), {
      goal: { atMost: 32 },
    }),
    measure('isRevoked, from claims, 1 k', 'ns', ns(few, 'fromClaims')),
    measure('isRevoked, from claims, 10 M', 'ns', ns(many, 'fromClaims')),
    ratio('isRevoked, from claims, 10 M ÷ 1 k', ns(many, 'fromClaims'), ns(few, 'fromClaims'), {
      atMost: 1.5,
    }),
    measure('isRevoked, of a token verified before, 10 M', 'ns', ns(many, 'fromRemembered'), {
      goal: { atMost: 1000 },
    }),
    measure('authenticate, a text verified before, 10 M', 'ns', ns(many, 'fromText')),
  ];
};

async function checkWith(entries: number): Promise<InMemoryCheck> {
  const env = { ENTRIES: String(entries) };
  const worker = await Worker.start<InMemoryCheck>('workers/in-memory-check', env, ['--expose-gc']);
  await worker.stop();
  return worker.ready;
}
