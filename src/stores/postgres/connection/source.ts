import type { ConnectionOptions } from 'node:tls';
import type { DataSource, DataSourceOptions } from 'typeorm';
import { misconfigured } from '../../../options/misconfiguration';
import {
  checked,
  optional,
  resolve,
  text,
  whole,
  type Option,
  type Table,
} from '../../../options/option';
import { POSTGRES_URL } from '../options';

export type PostgresOptions = Extract<DataSourceOptions, { type: 'postgres' }>;

/**
 * Where a database is, for hosts without TypeORM: the names are those of `pg`. `undefined` is as good
 * as absent, so that variables of the environment may stand here as they are.
 */
export interface PostgresAddress {
  /** The whole address, instead of host, port, user, password and database. */
  readonly url?: string | undefined;
  /** A name, an address, or the folder of a Unix socket. */
  readonly host?: string | undefined;
  /** @defaultValue 5432 */
  readonly port?: number | undefined;
  readonly user?: string | undefined;
  /** A text, or a function that is asked at each connection, for passwords that expire. */
  readonly password?: string | (() => string | Promise<string>) | undefined;
  readonly database?: string | undefined;
  readonly ssl?: boolean | ConnectionOptions | undefined;
  /** Settings of each session, as on the command line of the server: `-c work_mem=8MB`. */
  readonly options?: string | undefined;
  /** Comes before our own name of each connection in `pg_stat_activity`. */
  readonly application_name?: string | undefined;
}

/** A TypeORM `DataSource`, of which only the options are used, or an address. */
export type PostgresSource = DataSource | PostgresAddress;

const ANY = /^[^]+$/;
const anyText = (says: string, defaultSays?: string): Option<string | undefined, string> =>
  optional(text('a text', ANY, { says, ...(defaultSays !== undefined && { defaultSays }) }));

const isPassword = (value: unknown): value is string | (() => string | Promise<string>) =>
  typeof value === 'string' || typeof value === 'function';

const isTls = (value: unknown): value is boolean | ConnectionOptions =>
  typeof value === 'boolean' || (typeof value === 'object' && value !== null);

/** Every member; one that is left out here does not compile. */
export const POSTGRES_ADDRESS = {
  url: optional(
    text('a URL such as postgres://user@host:5432/database', POSTGRES_URL, {
      says: 'The whole address, instead of host, port, user, password and database.',
    }),
  ),
  host: anyText('A name, an address, or the folder of a Unix socket.'),
  port: optional(whole(1, 65_535, { defaultSays: '5432', says: 'The port.' })),
  user: anyText('The role.'),
  password: optional(
    checked(
      { mustBe: 'a text or a function', isGood: isPassword },
      { says: 'The password, or a function that is asked for it at each connection.' },
    ),
  ),
  database: anyText('The name of the database.', 'the name of the role'),
  ssl: optional(
    checked(
      { mustBe: 'true, false, or options of node:tls', isGood: isTls },
      { says: 'Whether and how to use TLS.' },
    ),
  ),
  options: anyText('Settings of each session, such as `-c work_mem=8MB`.'),
  application_name: anyText('Comes before our own name of each connection in `pg_stat_activity`.'),
} satisfies Table<PostgresAddress>;

/** @throws {TypeError} neither a data source of PostgreSQL nor an address. */
export function postgresOptionsOf(source: PostgresSource): PostgresOptions {
  return isDataSource(source) ? optionsOfDataSource(source) : optionsOfAddress(source);
}

/** By its form: a host's TypeORM may be another copy than ours. */
const isDataSource = (source: unknown): source is DataSource =>
  typeof source === 'object' &&
  source !== null &&
  typeof Reflect.get(source, 'options') === 'object';

function optionsOfDataSource({ options }: DataSource): PostgresOptions {
  if (options.type === 'postgres') return options;
  throw new TypeError(
    `nestjs-logout: "dataSource" must be of type postgres, got ${options.type}. ` +
      'Pass a TypeORM DataSource of your PostgreSQL database, or { url }.',
  );
}

function optionsOfAddress(address: PostgresAddress): PostgresOptions {
  const given = resolve(POSTGRES_ADDRESS, address);
  const { url, host, port, user, password, database, ssl, options, application_name } = given;
  checkAddress(given);
  return {
    type: 'postgres',
    ...present({ url, host, port, username: user, password, database, ssl }),
    ...present({ applicationName: application_name }),
    ...(options !== undefined && { extra: { options } }),
  };
}

function checkAddress({ url, ...parts }: PostgresAddress): void {
  const { host, port, user, password, database } = parts;
  if (url === undefined && host === undefined && database === undefined)
    throw misconfigured(
      'url',
      'given, or "host" or "database"',
      'none of them',
      'Pass { url: process.env.DATABASE_URL }, or a TypeORM DataSource.',
    );
  const [other] = Object.keys(present({ host, port, user, password, database }));
  if (url !== undefined && other !== undefined)
    throw misconfigured(other, 'left out where "url" is given', 'both', 'Put it into the URL.');
}

/** TypeORM takes a present `undefined` for a setting. */
const present = (members: Readonly<Record<string, unknown>>): object =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
