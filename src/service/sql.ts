import { Client } from 'pg';
import { escapeControls } from '../audit/request-source';
import { findEmbeddedPostgres } from './embedded-postgres/embedded-postgres';
import { defaultDataDir } from './embedded-postgres/own-folder';

type Row = readonly (string | null)[];

/** Columns aligned under their names, one line a row, and the number of rows. */
function formatTable(names: readonly string[], rows: readonly Row[]): string {
  // Control characters would let a stored value (a user agent, say) steer the reader's terminal.
  const cells = rows.map((row) => row.map((value) => escapeControls(value ?? '')));
  const widths = names.map((name, column) =>
    Math.max(name.length, ...cells.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]): string =>
    row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ');
  const lines = [line(names), widths.map((width) => '-'.repeat(width)).join('-+-')];
  lines.push(...cells.map(line), `(${rows.length} ${rows.length === 1 ? 'row' : 'rows'})`);
  return lines.map((text) => text.trimEnd()).join('\n');
}

/**
 * Runs one SQL statement and returns its rows as a table, values as PostgreSQL writes them.
 * Nothing is changed unless `mayWrite`.
 *
 * @throws {Error} PostgreSQL's, or the network's.
 */
export async function runSql(url: string, text: string, mayWrite = false): Promise<string> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  await client.connect();
  try {
    // A transaction rather than default_transaction_read_only: that one would stay behind on a
    // pooled connection. One statement only, so that no COMMIT can be slipped in before the rest.
    await client.query(mayWrite ? 'BEGIN' : 'BEGIN READ ONLY');
    const statement = {
      text,
      queryMode: 'extended',
      rowMode: 'array' as const,
      types: { getTypeParser: () => (value: string) => value },
    };
    const { command, rowCount, fields, rows } = await client.query<(string | null)[]>(statement);
    await client.query('COMMIT');
    const names = fields.map(({ name }) => name);
    return names.length > 0 ? formatTable(names, rows) : `${command} ${rowCount ?? 0}`;
  } finally {
    await client.end();
  }
}

function databaseUrl(): string {
  const { DATABASE_URL, DATA_DIR } = process.env;
  const url = DATABASE_URL ?? findEmbeddedPostgres(DATA_DIR ?? defaultDataDir());
  if (url !== undefined) return url;
  throw new Error('No embedded PostgreSQL of yours is running: npm start, or set DATABASE_URL.');
}

async function main([first, ...rest]: readonly string[]): Promise<void> {
  const mayWrite = first === '--write';
  const [text, ...others] = mayWrite ? rest : [first, ...rest];
  if (text === undefined || text.trim() === '' || others.length > 0) {
    throw new Error('Give one SQL statement: npm run --silent sql -- [--write] "SELECT 1"');
  }
  console.log(await runSql(databaseUrl(), text, mayWrite));
}

if (require.main === module) {
  main(process.argv.slice(2)).catch((error: unknown) => {
    const { message, code } = error as NodeJS.ErrnoException;
    console.error(`sql: ${message || (code ?? 'failed')}`); // a refused connection has only a code
    process.exitCode = 1;
  });
}
