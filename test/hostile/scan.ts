import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { leakedInto } from './invariants';
import type { Run } from './run';

/** Everything of one place where a token could have been left. */
interface Place {
  readonly name: string;
  readonly text: string;
}

/**
 * Ends the services of a run, then looks for its tokens in everything that they left: what they
 * said until their last word, files, every row of every table, and what the server keeps of statements.
 */
export async function expectNoTraces(run: Run): Promise<void> {
  expect(run.tokens.size).toBeGreaterThan(0);
  const codes = await Promise.all(run.services.map((service) => service.stop()));
  expect(codes.filter((code) => code !== 0)).toEqual([]);
  const places = [
    ...outputs(run),
    ...files(run),
    ...(await tables(run)),
    ...(await statements(run)),
  ];
  for (const { name, text } of places) {
    expect([name, leakedInto(text, run.tokens)]).toEqual([name, []]);
    // Not even the beginning of a token: a header is the base64url of a text that begins with {".
    expect([name, /eyJ[\w-]+\.[\w-]*/.exec(text)]).toEqual([name, null]);
  }
  await expectOnlyHashes(run);
}

function outputs({ services }: Run): Place[] {
  return services.map(({ output }, index) => ({
    name: `stdout and stderr of service ${index}`,
    text: output,
  }));
}

function files({ services }: Run): Place[] {
  return services.flatMap(({ dataDir }) =>
    readdirSync(dataDir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => ({
        name: join(parentPath, name),
        text: readFileSync(join(parentPath, name), 'latin1'),
      })),
  );
}

async function tables({ database }: Run): Promise<Place[]> {
  const names = await database.query(
    `SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables
     WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND table_type = 'BASE TABLE'`,
  );
  const places: Place[] = [];
  for (const { name } of names) {
    const rows = await database.query(`SELECT to_jsonb(t)::text AS row FROM ${String(name)} t`);
    places.push({ name: String(name), text: rows.map(({ row }) => String(row)).join('\n') });
  }
  return places;
}

/** `pg_stat_statements` only where the server has loaded it; what sessions ran last, everywhere. */
async function statements({ database }: Run): Promise<Place[]> {
  const [loaded] = await database.query(
    "SELECT current_setting('shared_preload_libraries') LIKE '%pg_stat_statements%' AS is_loaded",
  );
  const isLoaded = loaded?.is_loaded === true;
  if (isLoaded) await database.query('CREATE EXTENSION IF NOT EXISTS pg_stat_statements');
  const views = isLoaded ? ['pg_stat_activity', 'pg_stat_statements'] : ['pg_stat_activity'];
  const places: Place[] = [];
  for (const name of views) {
    const rows = await database.query(`SELECT query FROM ${name}`);
    places.push({ name, text: rows.map(({ query }) => String(query)).join('\n') });
  }
  return places;
}

/** What names a token is a hash of 32 bytes, or its `jti`. */
async function expectOnlyHashes({ database }: Run): Promise<void> {
  const [found] = await database.query(
    `SELECT (SELECT count(*) FROM revoked_tokens)::int AS revocations,
            (SELECT count(*) FROM revoked_tokens WHERE octet_length(key) <> 32)::int AS keys,
            (SELECT count(*) FROM auth_events
             WHERE token_fingerprint !~ '^[0-9a-f]{64}$')::int AS fingerprints`,
  );
  expect(found).toMatchObject({ keys: 0, fingerprints: 0 });
  expect(found?.revocations).toBeGreaterThan(0);
}
