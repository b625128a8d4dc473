export const HOUR_MS = 3_600_000;

/** An hour or a month of a table, as the database's function `make_logout_partition` names it. */
export interface Partition {
  readonly table: 'revoked_tokens' | 'auth_events';
  readonly name: string;
  readonly from: Date;
}

/** The partition of `revoked_tokens` for what expires at an instant. */
export function hourOf(expiresAt: Date): Partition {
  const from = new Date(Math.floor(expiresAt.getTime() / HOUR_MS) * HOUR_MS);
  return { table: 'revoked_tokens', name: `revoked_tokens_${digitsOf(from, 10)}`, from };
}

/** The partition of `auth_events` for what happens at an instant; months are those of UTC. */
export function monthOf(occurredAt: Date): Partition {
  const from = monthsLater(occurredAt, 0);
  return { table: 'auth_events', name: `auth_events_${digitsOf(from, 6)}`, from };
}

/** The first instant of the month that is `count` months after the one of `instant`. */
export const monthsLater = (instant: Date, count: number): Date =>
  new Date(Date.UTC(instant.getUTCFullYear(), instant.getUTCMonth() + count, 1));

/** `2026112009` for an hour, `202611` for a month: in the order of time. */
const digitsOf = (instant: Date, length: number): string =>
  instant.toISOString().replace(/\D/g, '').slice(0, length);
