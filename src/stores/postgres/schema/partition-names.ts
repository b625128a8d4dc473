export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

/** What an instant needs in a table, as the database's function `make_logout_partition` takes it. */
export interface Partition {
  readonly table: 'revoked_tokens' | 'auth_events';
  /** Of the hour or the day. A revocation that is kept for long stands in one of a day instead. */
  readonly name: string;
  /** An instant in it. */
  readonly at: Date;
}

/** What `revoked_tokens` needs for what expires at an instant. */
export const hourOf = (expiresAt: Date): Partition => ({
  table: 'revoked_tokens',
  name: `revoked_tokens_${digitsOf(expiresAt, 10)}`,
  at: expiresAt,
});

/** What `auth_events` needs for what happens at an instant; days are those of UTC. */
export const dayOf = (occurredAt: Date): Partition => ({
  table: 'auth_events',
  name: `auth_events_${digitsOf(occurredAt, 8)}`,
  at: occurredAt,
});

/** `2026112009` for an hour, `20261120` for a day: in the order of time. */
const digitsOf = (instant: Date, length: number): string =>
  instant.toISOString().replace(/\D/g, '').slice(0, length);
