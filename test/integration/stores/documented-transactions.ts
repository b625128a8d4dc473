import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SQL } from 'drizzle-orm';
import type { Knex } from 'knex';
import type { Transaction } from 'kysely';
import ts from 'typescript';
import type { HostTransaction } from '../../../src/revocation/unit-of-work';

const PAGE = join(__dirname, '../../../docs/database.md');

/** What the page makes of a transaction of each library. */
interface DocumentedTransactions {
  readonly ofKysely: (trx: Transaction<unknown>) => HostTransaction;
  readonly ofKnex: (trx: Knex.Transaction) => HostTransaction;
  readonly ofDrizzle: (tx: { execute(query: SQL): Promise<unknown> }) => HostTransaction;
}

/** The functions of docs/database.md, as they stand there. */
export function documentedTransactions(): DocumentedTransactions {
  const samples = readFileSync(PAGE, 'utf8').matchAll(/^```ts\n([^]*?)^```$/gm);
  const [, code = ''] = [...samples].find(([, sample = '']) => sample.includes('ofKysely')) ?? [];
  const module = ts.ModuleKind.CommonJS;
  const { outputText } = ts.transpileModule(code, { compilerOptions: { module } });
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- a sample of ours
  const load = new Function('require', `const exports = {}; ${outputText} return exports;`) as (
    load: NodeJS.Require,
  ) => DocumentedTransactions;
  return load(require);
}
