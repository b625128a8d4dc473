import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { REVOCATION_OPTIONS } from '../src/express/revocation-options';
import { MODULE_EXTRAS, MODULE_OPTIONS } from '../src/nest/auth.options';
import type { Entries, Option } from '../src/options/option';
import { VARIABLE_TABLES } from '../src/service/environment';
import { POSTGRES_STORE_OPTIONS } from '../src/stores/postgres/options';
import { TOKEN_RULES } from '../src/tokens/verification/token-rules';

// Writes docs/options.md from the tables of options: `npm run docs:options`.

type Column = readonly [title: string, cell: (option: Option<unknown>, name: string) => string];

const code = (text: string): string => `\`${text}\``;
const escaped = (text: string): string => text.replace(/[*<]/g, '\\$&');

const BOUNDS: Column = ['must be', ({ mustBe }) => escaped(mustBe)];
const EFFECT: Column = ['what it does', ({ about }) => about.says];
const VARIABLE: Column = ['variable', ({ about: { env } }) => (env === undefined ? '' : code(env))];

const OPTIONS: readonly Column[] = [
  ['option', (_, name) => code(name)],
  BOUNDS,
  ['default', defaultOf],
  VARIABLE,
  EFFECT,
];

/** What `readEnvironment` gives where the module has no default. */
const SERVICE_DEFAULTS = new Map([
  ['algorithms', '`HS256` for a secret'],
  ['issuer', 'unchecked'],
  ['audience', 'unchecked'],
]);

const VARIABLES: readonly Column[] = [
  VARIABLE,
  ['must be', ({ mustBe, textMustBe }) => escaped(textMustBe ?? mustBe)],
  ['default', (option, name) => SERVICE_DEFAULTS.get(name) ?? defaultOf(option, name, String)],
  EFFECT,
];

function defaultOf(
  { about, isOptional }: Option<unknown>,
  _name: string,
  print: (value: unknown) => string = JSON.stringify,
): string {
  if (about.defaultSays !== undefined) return about.defaultSays;
  if (about.default === undefined) return isOptional === true ? 'none' : '**required**';
  return about.default instanceof Array ? 'none' : code(print(about.default));
}

function tableOf(entries: Entries, columns: readonly Column[]): string {
  const rows = Object.entries(entries).map(([name, option]) =>
    columns.map(([, cell]) => cell(option, name)),
  );
  const titles = columns.map(([title]) => title);
  const widths = titles.map((title, at) =>
    Math.max(title.length, ...rows.map((row) => row[at]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`;
  return [titles, widths.map((width) => '-'.repeat(width)), ...rows].map(line).join('\n');
}

function variables(): Entries {
  const entries = VARIABLE_TABLES.flatMap((table: Entries) => Object.entries(table));
  return Object.fromEntries(entries.filter(([, { about }]) => about.env !== undefined));
}

/** The text of docs/options.md. */
export function optionsPage(): string {
  return `# Options

Written by \`npm run docs:options\` from the tables that also check the options; a test fails where
this page is stale. A bad option stops the boot with a sentence that names it and says what it must
be; so does an option that does not exist. Bounds are included. \`undefined\` means the default.

## Rules for tokens

For \`AuthModule\` and \`createRevocation\`. \`null\` for \`issuer\` or \`audience\` leaves it unchecked; in
\`createRevocation\` that is the default. Each member of \`issuers\` takes what stands above it.

${tableOf(TOKEN_RULES, OPTIONS)}

## AuthModule

For \`AuthModule.forRoot\`, and for what the factory of \`forRootAsync\` returns, beside the rules for
tokens.

${tableOf(MODULE_OPTIONS, OPTIONS)}

Beside \`useFactory\`, or in \`forRoot\`:

${tableOf(MODULE_EXTRAS, OPTIONS)}

## createRevocation

For plain Express, beside the rules for tokens.

${tableOf(REVOCATION_OPTIONS, OPTIONS)}

## PostgresRevocationStore

The second argument of \`new PostgresRevocationStore(dataSource, options)\`.

${tableOf(POSTGRES_STORE_OPTIONS, OPTIONS)}

## The service

Variables of the environment. An empty one counts as absent. A variable that is within three edits
of a name of eight letters or more in this table stops the boot, unless the right one is set too, or
is a part of the other name (\`LC_MESSAGES\`).

${tableOf(variables(), VARIABLES)}
`;
}

if (require.main === module)
  writeFileSync(join(process.cwd(), 'docs', 'options.md'), optionsPage());
