import type { AuditEvent } from '../../audit/audit-event';
import type { PlacedRevocation } from '../../revocation/live-revocations';
import {
  ANY_ISSUE_TIME,
  type CutoffOrder,
  type Revocation,
  type RevocationScope,
} from '../../revocation/revocation';
import {
  PREFIX_BYTES,
  type AbsoluteGroup,
  type Cutoff,
  type FeedSlice,
} from '../../revocation/revocation-feed';
import { SCOPES } from '../../tokens/scopes';
import type { RevocationKey } from '../../tokens/identity';

const HOUR_MS = 3_600_000;
/** The instant of the script that adds it. */
const NOW = 'now';

/** A revocation as the scripts take it: all in texts but the hour, in ms since the epoch. */
export interface AddedRow {
  readonly key: RevocationKey;
  readonly issuedBefore: string;
  readonly expiresAt: string;
  readonly scope: RevocationScope;
  readonly isCutoff: boolean;
  /** The end of the hour in which it expires. */
  readonly hour: number;
  /** Names and reasons, as JSON. */
  readonly rest: string;
  /** As JSON; empty: none. */
  readonly event: string;
}

export function addedRow(revocation: Revocation | CutoffOrder, event?: AuditEvent): AddedRow {
  const { key, scope, expiresAt, ...others } = revocation;
  const { issuedBefore, ...rest } = { issuedBefore: NOW, ...others } as const;
  return {
    key,
    issuedBefore: issuedBefore instanceof Date ? String(issuedBefore.getTime()) : issuedBefore,
    expiresAt: String(expiresAt.getTime()),
    scope,
    isCutoff: SCOPES[scope].kind === 'cutoff',
    hour: endOfHour(expiresAt.getTime()),
    rest: JSON.stringify(rest),
    event: event === undefined ? '' : JSON.stringify(event),
  };
}

/** As memory groups them. */
export function endOfHour(instantMs: number): number {
  return (Math.floor(instantMs / HOUR_MS) + 1) * HOUR_MS;
}

/** @param rows those of one key, a line each: `<issuedBefore> <expiresAt> <scope> <µs> <JSON>`. */
export function placedRevocations(key: RevocationKey, rows: string): readonly PlacedRevocation[] {
  return rows.split('\n').map((row) => {
    const [, issuedBefore, expiresAt, scope, microseconds, rest] = ROW.exec(row) as RowFields;
    const isOfAnyAge = issuedBefore === ANY_ISSUE_TIME;
    return {
      key,
      microseconds: Number(microseconds),
      issuedBeforeMs: isOfAnyAge ? Infinity : Number(issuedBefore),
      expiresAtMs: Number(expiresAt),
      revocation: {
        ...(JSON.parse(rest) as Partial<Revocation>),
        key,
        scope: scope as RevocationScope,
        issuedBefore: isOfAnyAge ? ANY_ISSUE_TIME : new Date(Number(issuedBefore)),
        expiresAt: new Date(Number(expiresAt)),
        revokedAt: new Date(Math.floor(Number(microseconds) / 1000)),
      },
    };
  });
}

type RowFields = [string, string, string, string, string, string] & RegExpExecArray;
const ROW = /^(\S+) (\S+) (\S+) (\S+) (.*)$/s;

/** What a replica needs of rows, gathered into one slice. */
export class SliceBuilder {
  private readonly prefixes = new Map<number, Buffer[]>();
  private readonly cutoffs: Cutoff[] = [];

  /** @param rows of one key; more may stand behind the scope. */
  addRows(key: RevocationKey, rows: string): void {
    for (const row of rows.split('\n')) this.add(key, row.split(' ', 3));
  }

  /** @param frame lines of `<key> <issuedBefore> <expiresAt> <scope>`; may be empty. */
  addFrame(frame: string): void {
    for (const line of frame.split('\n')) {
      const [key, ...row] = line.split(' ', 4) as [string, ...string[]];
      if (key !== '') this.add(key, row);
    }
  }

  /** What was added until now. */
  get slice(): FeedSlice {
    const absolute = [...this.prefixes].map(([hour, prefixes]): AbsoluteGroup => ({
      expiresBefore: new Date(hour),
      prefixes: Buffer.concat(prefixes),
    }));
    return { absolute, cutoffs: this.cutoffs };
  }

  private add(key: RevocationKey, [issuedBefore, expires, scope]: readonly string[]): void {
    const expiresMs = Number(expires);
    if (SCOPES[scope as RevocationScope].kind === 'cutoff') {
      const isOfAnyAge = issuedBefore === ANY_ISSUE_TIME;
      this.cutoffs.push({
        key,
        issuedBefore: isOfAnyAge ? ANY_ISSUE_TIME : new Date(Number(issuedBefore)),
        expiresAt: new Date(expiresMs),
      });
      return;
    }
    const hour = endOfHour(expiresMs);
    const group = this.prefixes.get(hour) ?? [];
    group.push(Buffer.from(key.slice(0, 2 * PREFIX_BYTES), 'hex'));
    this.prefixes.set(hour, group);
  }
}
