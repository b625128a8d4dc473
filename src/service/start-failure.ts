import { StoreUnavailableError } from '../revocation/errors';
import type { Environment } from './environment';

/** What Node and PostgreSQL tell of a failure, beside a text. */
interface SystemError extends Error {
  readonly code?: string;
  readonly syscall?: string;
  readonly port?: number;
}

type Settings = Pick<Environment, 'databaseUrl' | 'host' | 'port' | 'operationsPort'>;

/**
 * The error that ends a start: its one line has the cause and the variable to change.
 * @returns the same error, where it says so itself.
 */
export function startFailure(error: unknown, settings: Settings): unknown {
  const chain = chainOf(error);
  const root = chain.at(-1);
  if (root === undefined) return error;
  if (error instanceof StoreUnavailableError)
    return new Error(storeSentence(chain, root, settings), { cause: error });
  if (LISTENING.includes(root.syscall ?? ''))
    return new Error(listeningSentence(root, settings), { cause: error });
  return error;
}

const LISTENING = ['listen', 'bind', 'getaddrinfo'];

/** The error and its causes. Where several addresses were tried, the first tells. */
function chainOf(error: unknown): SystemError[] {
  if (!(error instanceof Error)) return [];
  const next = error instanceof AggregateError ? (error.errors[0] as unknown) : error.cause;
  return [error, ...chainOf(next)];
}

function listeningSentence(error: SystemError, { host, port, operationsPort }: Settings): string {
  const { code, message, port: taken = port } = error;
  const name = taken === operationsPort ? 'OPERATIONS_PORT' : 'PORT';
  if (code === 'EADDRINUSE')
    return `${name} must be free: something else listens on port ${taken} of ${host}. Stop it, or set ${name}.`;
  if (code === 'EACCES')
    return `${name} must be one that this user may listen on, such as 3000, got ${taken}.`;
  return `HOST must be an address of this machine, such as 127.0.0.1 or 0.0.0.0: ${message}.`;
}

/** By SQLSTATE, or by Node's code. */
const DATABASE_FAULTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there. Start PostgreSQL, or change host and port',
  ENOTFOUND: 'its host has no address. Change the host',
  EAI_AGAIN: 'its host has no address now. Change the host, or mend the name service',
  ETIMEDOUT: 'it gives no answer. Change host and port, or open the firewall',
  ECONNRESET: 'the connection was cut. Change host and port, or the sslmode',
  '28P01': 'the password is wrong. Change user or password',
  '28000': 'this user is not let in. Change the user, or add sslmode',
  '3D000': 'the database does not exist. Create it, or change its name',
  '42501': 'the role lacks rights. Change the role, or grant what docs/operations.md lists',
  '42P01': 'it lacks our tables. Run the migrations first',
  '53300': 'it has no connection left. Raise its max_connections',
  '57P03': 'it is starting or stopping. Start again',
};

function storeSentence(chain: readonly Error[], root: SystemError, settings: Settings): string {
  const { databaseUrl } = settings;
  if (databaseUrl === undefined) return chain.map(({ message }) => message).join(' ');
  const fault = DATABASE_FAULTS[root.code ?? ''] ?? 'it cannot be used';
  return (
    `DATABASE_URL must lead to a PostgreSQL that this service can use, got ${place(databaseUrl)}: ` +
    `${fault} (${root.message}).`
  );
}

/** Without password and parameters, which may hold secrets. */
function place(databaseUrl: string): string {
  if (!URL.canParse(databaseUrl)) return 'one that is no URL';
  const { username, host, pathname } = new URL(databaseUrl);
  return `${username === '' ? '' : `${username}@`}${host}${pathname}`;
}
