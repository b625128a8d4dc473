import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { REVOCATION_OPTIONS } from '../src/plain/revocation-options';
import { MODULE_EXTRAS, MODULE_OPTIONS } from '../src/nest/auth.options';
import { CALLER_OPTIONS } from '../src/introspection/introspection-options';
import { defaultText } from '../src/options/default-text';
import type { Entries, Option } from '../src/options/option';
import { describeVariables, type Variable } from '../src/service/variables';
import { AUTH0_OPTIONS } from '../src/presets/auth0';
import { COGNITO_OPTIONS } from '../src/presets/cognito';
import { ENTRA_OPTIONS } from '../src/presets/entra';
import { FIREBASE_OPTIONS } from '../src/presets/firebase';
import { GOOGLE_OPTIONS } from '../src/presets/google';
import { KEYCLOAK_OPTIONS } from '../src/presets/keycloak';
import { OKTA_OPTIONS } from '../src/presets/okta';
import { SUPABASE_OPTIONS } from '../src/presets/supabase';
import { NATS_RELAY_OPTIONS } from '../src/nats/nats-relay';
import { REDIS_RELAY_OPTIONS } from '../src/redis/redis-relay';
import { RELAY_STORE_OPTIONS } from '../src/relay/relay-options';
import { REDIS_STORE_OPTIONS } from '../src/redis/store/redis-store-options';
import { REDIS_THROTTLER_OPTIONS } from '../src/redis/redis-throttler-storage';
import { SESSION_OPTIONS } from '../src/sessions/session-options';
import { POSTGRES_ADDRESS } from '../src/stores/postgres/connection/source';
import { POSTGRES_STORE_OPTIONS } from '../src/stores/postgres/options';
import { TOKEN_RULES } from '../src/tokens/verification/token-rules';

// Writes docs/options.md from the tables of options: `npm run docs:options`.

type Column = readonly [title: string, cell: (option: Option<unknown>, name: string) => string];

const code = (text: string): string => `\`${text}\``;
const escaped = (text: string): string => text.replace(/[*<]/g, '\\$&');

const BOUNDS: Column = ['must be', ({ mustBe }) => escaped(mustBe)];
const EFFECT: Column = ['what it does', ({ about }) => about.says];

/** @param otherwise where the service takes an option that has no variable of its own. */
const columns = (otherwise: string): readonly Column[] => [
  ['option', (_, name) => code(name)],
  BOUNDS,
  ['default', (option) => defaultText(option, (value) => code(JSON.stringify(value)))],
  ['variable', ({ about: { env } }) => (env === undefined ? otherwise : code(env))],
  EFFECT,
];

type VariableColumn = readonly [title: string, cell: (variable: Variable) => string];

const VARIABLES: readonly VariableColumn[] = [
  ['variable', ({ name }) => code(name)],
  ['must be', ({ mustBe }) => escaped(mustBe)],
  ['default', (variable) => variable.default],
  ['what it does', ({ says }) => says],
];

function tableOf(entries: Entries, otherwise = ''): string {
  const options = columns(otherwise);
  const rows = Object.entries(entries).map(([name, option]) =>
    options.map(([, cell]) => cell(option, name)),
  );
  return aligned(
    options.map(([title]) => title),
    rows,
  );
}

function variables(): string {
  const printed = (value: unknown): string => code(String(value));
  return aligned(
    VARIABLES.map(([title]) => title),
    describeVariables(printed).map((variable) => VARIABLES.map(([, cell]) => cell(variable))),
  );
}

function aligned(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = titles.map((title, at) =>
    Math.max(title.length, ...rows.map((row) => row[at]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`;
  return [titles, widths.map((width) => '-'.repeat(width)), ...rows].map(line).join('\n');
}

/** The presets of `nestjs-logout/issuers`, by the names that call them. */
const PRESETS = {
  auth0: AUTH0_OPTIONS,
  cognito: COGNITO_OPTIONS,
  'entra, entraV1': ENTRA_OPTIONS,
  firebase: FIREBASE_OPTIONS,
  google: GOOGLE_OPTIONS,
  keycloak: KEYCLOAK_OPTIONS,
  okta: OKTA_OPTIONS,
  supabase: SUPABASE_OPTIONS,
} satisfies Readonly<Record<string, Entries>>;

function presets(): string {
  const titles = ['preset', 'option', 'must be', 'default', 'what it does'];
  const rows = Object.entries(PRESETS).flatMap(([name, entries]) =>
    Object.entries<Option<unknown>>(entries).map(([option, entry]) => [
      code(name),
      code(option),
      BOUNDS[1](entry, option),
      defaultText(entry, (value) => code(JSON.stringify(value))),
      entry.about.says,
    ]),
  );
  return aligned(titles, rows);
}

/** The text of docs/options.md. */
export function optionsPage(): string {
  return `# Options

Written by \`npm run docs:options\` from the tables that also check the options; a test fails where
this page is stale. A bad option stops the boot with a sentence that names it and says what it must
be; so does an option that does not exist. Bounds are included. \`undefined\` means the default.

## Rules for tokens

For \`LogoutModule\` and \`createRevocation\`. \`null\` for \`issuer\` or \`audience\` leaves it unchecked; in
\`createRevocation\` that is the default. Each member of \`issuers\` takes what stands above it, and so
does each in \`JWT_ISSUERS\`, the list of the service, which may have one member.
[Is my token accepted?](your-token.md) has what issuers need.

${tableOf(TOKEN_RULES, 'in `JWT_ISSUERS`')}

## Issuers

What the functions of \`nestjs-logout/issuers\` take ([issuers](issuers.md)):

${presets()}

## LogoutModule

For \`LogoutModule.forRoot\`, and for what the factory of \`forRootAsync\` returns, beside the rules for
tokens.

${tableOf(MODULE_OPTIONS)}

Beside \`useFactory\`, or in \`forRoot\`:

${tableOf(MODULE_EXTRAS)}

## sessions

The members of \`sessions\`, for \`LogoutModule\` and \`createRevocation\`
([Logins that we keep](sessions.md)):

${tableOf(SESSION_OPTIONS)}

The members of each caller in \`introspectionCallers\` ([Introspection](introspection.md)):

${tableOf(CALLER_OPTIONS)}

## createRevocation

For plain Express and plain Fastify, beside the rules for tokens.

${tableOf(REVOCATION_OPTIONS)}

## PostgresRevocationStore

The first argument of \`new PostgresRevocationStore(source, options)\` is a TypeORM \`DataSource\`, of
which only the options are used, or an address ([which databases](database.md)):

${tableOf(POSTGRES_ADDRESS)}

The second:

${tableOf(POSTGRES_STORE_OPTIONS)}

## RelayRevocationStore

For instances that reach only a broker ([the relay](relay.md)): the second argument of
\`new RelayRevocationStore(relay, options)\`.

${tableOf(RELAY_STORE_OPTIONS)}

## RedisRelay

The second argument of \`new RedisRelay(client, options)\`.

${tableOf(REDIS_RELAY_OPTIONS)}

## NatsRelay

The first argument of \`new NatsRelay(connection, options)\` is what \`connect\` of
\`@nats-io/transport-node\` takes. The second:

${tableOf(NATS_RELAY_OPTIONS)}

## RedisRevocationStore

The first argument of \`new RedisRevocationStore(client, options)\` is what \`fromIoredis\` or
\`fromNodeRedis\` returns ([Redis](redis.md)). The second:

${tableOf(REDIS_STORE_OPTIONS)}

## RedisThrottlerStorage

The second argument of \`new RedisThrottlerStorage(client, options)\`; the first is the same:

${tableOf(REDIS_THROTTLER_OPTIONS)}

## The service

Variables of the environment. An empty one counts as absent. A variable that is within three edits
of a name of eight letters or more in this table stops the boot, unless the right one is set too, or
is a part of the other name (\`LC_MESSAGES\`). So does one that spells a rule for tokens, such as
\`JWT_BACKCHANNEL\`, or begins with \`JWT_ISSUER\` or \`JWT_AUDIENCE\`, or is \`JWT_AUD\`, where that check
would be off. Other variables that begin with \`JWT_\`, \`JWKS_\`, \`INTROSPECTION_\`, \`LOGOUT_\` or
\`THROTTLE_\` may be those of another program: the start warns that they are ignored.

${variables()}
`;
}

if (require.main === module)
  writeFileSync(join(process.cwd(), 'docs', 'options.md'), optionsPage());
