import { QueryFailedError } from 'typeorm';
import {
  OutdatedInstanceError,
  RevocationError,
  StoreUnavailableError,
} from '../../../revocation/errors';
import { OUTDATED_INSTANCE } from '../../../../migrations/outdated-instances';

/** SQLSTATEs that are answered by doing something, not by failing. */
export const NO_PARTITION = '23514';
export const LOCK_NOT_AVAILABLE = '55P03';
export const INSUFFICIENT_PRIVILEGE = '42501';
/** Also of what only a primary may answer, asked of a standby. */
export const READ_ONLY = '25006';

/** Class 22, "data exception": its messages quote the values they complain about. */
const QUOTES_VALUES = /^22/;
/** That, and class 23, "integrity constraint violation": what is wrong is in the rows. */
const BLAMES_ROWS = /^2[23]/;

/**
 * What went wrong in the driver, fit to be printed: the code and message, without the statement,
 * its parameters and the rows that a driver's own error may carry.
 */
export class PostgresError extends Error {
  override readonly name = 'PostgresError';

  constructor(
    message: string,
    /** A SQLSTATE or a code of Node's, where there is one. */
    readonly code?: string,
  ) {
    super(message);
  }
}

/** What a store fails with, by what the driver has failed with. */
export function failureOf(operation: string, error: unknown): RevocationError {
  if (error instanceof RevocationError) return error;
  if (codeOf(error) === OUTDATED_INSTANCE) return new OutdatedInstanceError();
  return new StoreUnavailableError(operation, { cause: toPostgresError(error) });
}

/** Fails, as `failureOf` says, when `work` fails, or has not ended after `timeoutMs`. */
export async function orUnavailable<T>(
  operation: string,
  timeoutMs: number,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await within(timeoutMs, work());
  } catch (error) {
    throw failureOf(operation, error);
  }
}

/** @returns the SQLSTATE or Node's code of a driver's error, also of one that TypeORM wrapped. */
export function codeOf(error: unknown): string | undefined {
  const inner: unknown = error instanceof QueryFailedError ? error.driverError : error;
  if (typeof inner !== 'object' || inner === null || !('code' in inner)) return undefined;
  return typeof inner.code === 'string' ? inner.code : undefined;
}

/** Whether one row of several is to blame, so that the others would do without it. */
export const blamesRows = (error: unknown): boolean =>
  BLAMES_ROWS.test(codeOf(error) ?? '') || codeOf(error) === OUTDATED_INSTANCE;

/** The printable part of whatever was thrown. */
export function toPostgresError(error: unknown): PostgresError {
  if (error instanceof PostgresError) return error;
  const code = codeOf(error);
  const text = error instanceof Error ? error.message : '';
  const isPrintable = text !== '' && !QUOTES_VALUES.test(code ?? '');
  return new PostgresError(isPrintable ? text : (code ?? 'unknown failure'), code);
}

/**
 * Fails when `work` has not ended after `timeoutMs`. A late result is ignored; one that came in time
 * to a process that was too busy to read it is not late.
 */
export function within<T>(timeoutMs: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const fail = (): void => {
      reject(new PostgresError(`no answer within ${timeoutMs} ms`, 'ETIMEDOUT'));
    };
    // Node runs timers before it reads sockets, and immediates after it has.
    const timer = setTimeout(() => setImmediate(fail), timeoutMs);
    // The late result is ignored.
    void work.then(resolve, reject).finally(() => {
      clearTimeout(timer);
    });
  });
}
