import { EVERY_AGE, type Revocation } from './revocation';
import { checkSize, type UnitOfWork } from './unit-of-work';
import type { RevocationKey } from '../tokens/identity';

const KEY = /^[\da-f]{64}$/;
/** PostgreSQL reads no ISO text of more than four digits of year. */
const LAST_INSTANT = Date.UTC(9999, 11, 31);

/** @throws {TypeError} a key is not a SHA-256 as 64 hex digits, or an instant is none. */
export function checkRevocation(revocation: Revocation): void {
  checkKey(revocation.key);
  checkInstant('expiresAt', revocation.expiresAt);
  if (revocation.issuedBefore !== EVERY_AGE) checkInstant('issuedBefore', revocation.issuedBefore);
}

/** @throws {TypeError} as `checkRevocation`, or the size is none that a unit of work may have. */
export function checkWork(work: UnitOfWork): void {
  checkSize(work);
  for (const { revocation } of work.revocations) checkRevocation(revocation);
}

/** @throws {TypeError} as `checkRevocation`, or there is no key: nothing asked is no answer. */
export function checkLookup(keys: readonly RevocationKey[], issuedAt: Date): void {
  if (keys.length === 0) throw new TypeError('nestjs-logout: a look-up must name a key.');
  keys.forEach(checkKey);
  checkInstant('issuedAt', issuedAt);
}

function checkKey(key: unknown): void {
  if (typeof key === 'string' && KEY.test(key)) return;
  throw new TypeError('nestjs-logout: a revocation "key" must be a SHA-256 as 64 hex digits.');
}

function checkInstant(name: string, instant: unknown): void {
  const time = instant instanceof Date ? instant.getTime() : Number.NaN;
  if (!(time >= 0 && time <= LAST_INSTANT)) {
    throw new TypeError(`nestjs-logout: "${name}" must be a Date between 1970 and 9999.`);
  }
}
