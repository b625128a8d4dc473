import type { AuditEvent } from '../audit/audit-event';
import { ANY_ISSUE_TIME, type CutoffOrder, type Revocation } from './revocation';
import { checkSize, checkTransaction, type HostTransaction, type UnitOfWork } from './unit-of-work';
import { LAST_INSTANT, SCOPES, TokenQuery, type RevocationQuery } from '../tokens/scopes';

const KEY = /^[\da-f]{64}$/;

/**
 * @throws {TypeError} a key is not a SHA-256 as 64 hex digits, an instant is none, or the scope is
 * unknown, or absolute with a cutoff.
 */
function checkRevocation(revocation: Revocation): void {
  checkKey(revocation.key);
  checkScope(revocation);
  checkInstant('expiresAt', revocation.expiresAt);
  if (revocation.issuedBefore !== ANY_ISSUE_TIME)
    checkInstant('issuedBefore', revocation.issuedBefore);
}

/**
 * @throws {TypeError} as `checkRevocation`; or the size is none that a unit of work may have, or the
 * detail of an event is no JSON, or what is to be joined is no transaction.
 */
export function checkWork(work: UnitOfWork, transaction?: HostTransaction): void {
  if (transaction !== undefined) checkTransaction(transaction);
  checkSize(work);
  for (const { revocation, event } of work.revocations) {
    checkRevocation(revocation);
    checkDetail(event);
  }
  work.events.forEach(checkDetail);
}

/** @throws {TypeError} as `checkWork`. */
export function checkOrder(
  order: CutoffOrder,
  event: AuditEvent,
  transaction?: HostTransaction,
): void {
  const { scope } = order;
  if (!Object.hasOwn(SCOPES, scope) || SCOPES[scope].kind !== 'cutoff') {
    const scopes = Object.entries(SCOPES).flatMap(([name, { kind }]) =>
      kind === 'cutoff' ? [name] : [],
    );
    throw new TypeError(`nestjs-logout: "scope" of a cutoff must be one of ${scopes.join(', ')}.`);
  }
  const revocation = { ...order, issuedBefore: ANY_ISSUE_TIME } as const;
  checkWork({ revocations: [{ revocation, event }], events: [] }, transaction);
}

function checkDetail({ detail }: AuditEvent): void {
  if (detail === undefined) return;
  try {
    JSON.stringify(detail);
  } catch (cause) {
    throw new TypeError('nestjs-logout: the "detail" of an event must be JSON.', { cause });
  }
}

/** @throws {TypeError} as `checkRevocation`, or there is no key: nothing asked is no answer. */
export function checkLookup(query: RevocationQuery): void {
  // Made of hashes: to check that again would cost every request.
  if (query instanceof TokenQuery) return;
  const { absolute, cutoffs } = query;
  if (absolute.length + cutoffs.length === 0)
    throw new TypeError('nestjs-logout: a look-up must name a key.');
  absolute.forEach(checkKey);
  for (const { key, at } of cutoffs) {
    checkKey(key);
    checkTime('at', at);
  }
}

function checkScope({ scope, issuedBefore }: Revocation): void {
  if (!Object.hasOwn(SCOPES, scope))
    throw new TypeError(`nestjs-logout: "scope" must be one of ${Object.keys(SCOPES).join(', ')}.`);
  if (SCOPES[scope].kind === 'absolute' && issuedBefore !== ANY_ISSUE_TIME)
    throw new TypeError(`nestjs-logout: a revocation of scope "${scope}" must be of every age.`);
}

function checkKey(key: unknown): void {
  if (typeof key === 'string' && KEY.test(key)) return;
  throw new TypeError('nestjs-logout: a revocation "key" must be a SHA-256 as 64 hex digits.');
}

function checkInstant(name: string, instant: unknown): void {
  checkTime(name, instant instanceof Date ? instant.getTime() : Number.NaN);
}

function checkTime(name: string, time: number): void {
  if (!(time >= 0 && time <= LAST_INSTANT)) {
    throw new TypeError(`nestjs-logout: "${name}" must be an instant between 1970 and 9999.`);
  }
}
