import 'reflect-metadata';
import { PostgresRevocationStore, type PostgresStoreOptions } from '../../src/postgres';
import type { SessionOptions } from '../../src/sessions/session-options';
import { coreWithSessions } from './sessions';

/** What the parent tells a process, as JSON in SETTINGS. */
export interface CoreSettings {
  readonly databaseUrl: string;
  readonly store: PostgresStoreOptions;
  readonly sessions: Partial<SessionOptions>;
}

/** A method of the core that is called from the other process. */
export interface Call {
  readonly id: number;
  /** Such as `['store', 'sessions', 'open']`. */
  readonly path: readonly string[];
  readonly args: readonly unknown[];
}

/** What the method returned, or the name and the text of the error that it threw. */
export interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: { readonly name: string; readonly message: string };
}

const settings = JSON.parse(process.env.SETTINGS ?? '') as CoreSettings;
const core = coreWithSessions(
  new PostgresRevocationStore({ url: settings.databaseUrl }, settings.store),
  settings.sessions,
);

function invoke({ path, args }: Call): unknown {
  const owner = path
    .slice(0, -1)
    .reduce<unknown>((at, name) => Reflect.get(Object(at), name), core);
  const method: unknown = Reflect.get(Object(owner), path.at(-1) ?? '');
  if (typeof method !== 'function') throw new TypeError(`${path.join('.')} is no method`);
  return Reflect.apply(method, owner, args);
}

async function answer(call: Call): Promise<void> {
  const { id } = call;
  try {
    process.send?.({ id, value: await invoke(call) } satisfies Answer);
  } catch (thrown) {
    const { name, message } = thrown instanceof Error ? thrown : new Error(String(thrown));
    process.send?.({ id, error: { name, message } } satisfies Answer);
  }
}

process.on('message', (calls) => {
  for (const call of calls as readonly Call[]) void answer(call);
});
process.on('disconnect', () => process.exit()); // its suite is gone

core.open().then(
  () => process.stdout.write('open\n'),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
