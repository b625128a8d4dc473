import type { PlacedRevocation } from '../../revocation/live-revocations';
import { ANY_ISSUE_TIME } from '../../revocation/revocation';
import type { CommitPosition } from '../../revocation/unit-of-work';
import type { RevocationKey } from '../../tokens/identity';
import type { RevocationQuery } from '../../tokens/scopes';
import type { Lane, RedisDatabase, Reply } from './redis-database';
import { positionOf } from './position';
import { placedRevocations } from './rows';
import { LOOK } from './store-scripts';

/** What to look at; what is left out is nothing. */
interface Places {
  readonly keys?: readonly RevocationKey[];
  /** Names of what is kept of sessions; see `KEPT`. */
  readonly sessions?: readonly string[];
  readonly subjects?: readonly string[];
  readonly tokens?: readonly string[];
}

/** What was there, at one instant. */
export interface Look {
  readonly micros: number;
  /** In ms since the epoch, whole. */
  readonly now: number;
  readonly floorMs: number;
  /** Of what was there. */
  readonly position: CommitPosition;
  /** How many cutoffs there were, as text. */
  readonly cutoffs: string;
  /** In ms since the epoch; `undefined`: no session was ever opened. */
  readonly lastEnd: number | undefined;
  /** The live revocations of the keys. */
  readonly revocations: readonly PlacedRevocation[];
  /** What is kept of sessions, by name. */
  readonly kept: ReadonlyMap<string, string>;
}

/** @throws {StoreUnavailableError} */
export async function look(
  database: RedisDatabase,
  operation: string,
  lane: Lane,
  places: Places,
): Promise<Look> {
  const { keys = [], sessions = [], subjects = [], tokens = [] } = places;
  const asked = { keys: [...new Set(keys)], sessions, subjects, tokens };
  const { micros, generation, floorMs, number, values } = await database.run(
    operation,
    lane,
    LOOK,
    asked,
  );
  const [cutoffs, lastEnd, rows, kept] = values as readonly [Reply, Reply, Reply[], Reply[]];
  const now = Math.floor(micros / 1000);
  return {
    micros,
    now,
    floorMs,
    position: positionOf(generation, number),
    cutoffs: String(cutoffs),
    lastEnd: Number(lastEnd) === 0 ? undefined : Number(lastEnd),
    revocations: pairs(rows)
      .flatMap(([key, text]) => placedRevocations(key, text))
      .filter(({ expiresAtMs }) => expiresAtMs >= now),
    kept: new Map(pairs(kept)),
  };
}

export function pairs(flat: readonly Reply[]): [string, string][] {
  const found: [string, string][] = [];
  for (let at = 0; at < flat.length; at += 2) found.push([String(flat[at]), String(flat[at + 1])]);
  return found;
}

export const keysOf = ({ absolute, cutoffs }: RevocationQuery): RevocationKey[] => [
  ...absolute,
  ...cutoffs.map(({ key }) => key),
];

/** Those that cover what is asked about. */
export function covering(
  revocations: readonly PlacedRevocation[],
  { absolute, cutoffs }: RevocationQuery,
): readonly PlacedRevocation[] {
  return revocations.filter(
    ({ key, issuedBeforeMs, revocation: { issuedBefore } }) =>
      (issuedBefore === ANY_ISSUE_TIME && absolute.includes(key)) ||
      cutoffs.some((asked) => asked.key === key && issuedBeforeMs >= asked.at),
  );
}
