/** Fills a replica, and says what its memory costs and how long a check takes then. */
import { randomBytes, randomUUID } from 'node:crypto';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { AuditLog, RevokedTokensService, TokenVerifier, type Claims } from '../../src';
import { Replica } from '../../src/replica/replica';
import {
  RevocationFeed,
  type FeedCursor,
  type FeedSlice,
} from '../../src/revocation/revocation-feed';
import type { RevocationQuery } from '../../src/tokens/scopes';
import { tokenKeys } from '../../src/tokens/token-keys';
import type { ParsedToken } from '../../src/tokens/verified-token';
import { MemoryRevocationStore } from '../../src/stores/memory';
import { onGoodbye } from '../processes';
import { AUDIENCE, ISSUER, TokenSigner } from '../tokens';

export interface InMemoryCheck {
  /** RSS, for each revocation. */
  readonly bytes: number;
  /** ns for each check of a token whose key must first be worked out from its claims. */
  readonly fromClaims: number;
  /** ns for each check of a token that was verified before. */
  readonly fromRemembered: number;
  /** ns for each text of a token that was verified before: all that a guard asks of the core. */
  readonly fromText: number;
}

const ENTRIES = Number(process.env.ENTRIES);
const SLICE = 4000;
const GROUPS = 8;
const MINUTE_MS = 60_000;
const MINUTES_OF_DAY = 1440;
/** So many that what one check brings into the processor's caches is gone before it recurs. */
const ASKED = 200_000;
/** As many as are remembered for sure. */
const TEXTS = 5000;
/** So few that a lease cannot end meanwhile. */
const AT_ONCE = 2000;
const FRESH_MS = 600;

/** Hands over random revocations, spread over a day; afterwards nothing is new. */
class FullFeed extends RevocationFeed {
  async read(
    since: FeedCursor | null,
    apply: (slice: FeedSlice) => void,
  ): Promise<FeedCursor | null> {
    for (let left = since === null ? ENTRIES : 0; left > 0; left -= SLICE) {
      apply({ absolute: groupsOf(Math.min(left, SLICE)), cutoffs: [] });
      await turn();
    }
    return { snapshot: 'bench', server: 'bench' };
  }

  readonly wakenBy = 'polling';
  readonly restMs = 5;

  listen(): void {
    // No bell is heard here.
  }

  ring(): void {
    // No other instance is there.
  }

  positionOf(): Promise<never> {
    return Promise.reject(new TypeError('The bench has no transactions.'));
  }

  hasDecided(): boolean {
    return false;
  }

  waitForCluster(): Promise<void> {
    return Promise.resolve();
  }

  announce(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function groupsOf(count: number) {
  const each = Math.ceil(count / GROUPS);
  return Array.from({ length: GROUPS }, () => ({
    expiresBefore: new Date(Date.now() + Math.ceil(Math.random() * MINUTES_OF_DAY) * MINUTE_MS),
    prefixes: randomBytes(each * 16),
  }));
}

/** The check of a store that is replicated, without the database it would be loaded from. */
class ReplicatedStore extends MemoryRevocationStore {
  readonly replica = new Replica(new FullFeed(), { isRevoked: lapsed }, this.clock, {
    maxStalenessMs: 2000,
    pollIntervalMs: 500,
    maxEntries: Infinity,
    onError: lapsed,
  });

  override isRevoked(query: RevocationQuery): boolean | Promise<boolean> {
    return this.replica.isRevoked(query);
  }
}

function lapsed(): never {
  throw new Error('the replica did not answer from memory');
}

/** Nanoseconds a call, with pauses in which `rest` lets the replica renew its lease. */
async function nsOf<Item>(
  items: readonly Item[],
  call: (item: Item) => void,
  rest: () => Promise<void>,
): Promise<number> {
  let total = 0;
  for (let begin = 0; begin < items.length; begin += AT_ONCE) {
    await rest();
    const some = items.slice(begin, begin + AT_ONCE);
    const startedAt = performance.now();
    for (const item of some) call(item);
    total += performance.now() - startedAt;
  }
  return (total / items.length) * 1e6;
}

function claimsOf(count: number): Claims[] {
  const iat = Math.floor(Date.now() / 1000);
  return Array.from({ length: count }, () => ({
    ...{ sub: 'user-001', iss: ISSUER, aud: AUDIENCE, iat, exp: iat + 3600 },
    jti: randomUUID(),
  }));
}

function tokenOf(claims: Claims): ParsedToken {
  const named = { claims, subject: String(claims.sub), sessionId: undefined };
  return { ...named, ...tokenKeys(named, '', 'jti') };
}

function residentBytes(): number {
  for (let count = 0; count < 3; count += 1) globalThis.gc?.();
  return process.memoryUsage.rss();
}

async function measured(): Promise<InMemoryCheck> {
  const signer = new TokenSigner();
  const rules = { keys: signer.environment.JWT_SECRET ?? '', issuer: ISSUER, audience: AUDIENCE };
  const verifier = new TokenVerifier({ ...rules, algorithms: ['HS256'] });
  const store = new ReplicatedStore();
  const audit = new AuditLog(store.audit, () => undefined);
  const service = new RevokedTokensService(verifier, store, audit);
  onGoodbye(() => store.replica.stop());

  const before = residentBytes();
  await store.replica.start();
  const bytes = (residentBytes() - before) / ENTRIES;

  const check = (token: ParsedToken): void => {
    if (service.isRevoked(token) !== false) lapsed();
  };
  const checkText = (text: string): void => {
    const answer = service.authenticate(text);
    if (!('verdict' in answer) || answer.verdict !== 'live') lapsed();
  };
  const rest = async (): Promise<void> => {
    do await sleep(1);
    while ((store.replica.status().leaseAgeMs ?? Infinity) > FRESH_MS);
  };
  const figures = async (asked: number) => {
    const claims = claimsOf(asked);
    const tokens = claims.map(tokenOf);
    const texts = Array.from({ length: TEXTS }, () => signer.sign('HS256'));
    await nsOf([...texts, ...texts], checkText, rest); // a text is remembered when it comes again
    const checkClaims = (each: Claims): void => {
      check(tokenOf(each));
    };
    return {
      fromClaims: await nsOf(claims, checkClaims, rest),
      fromRemembered: await nsOf(tokens, check, rest),
      fromText: await nsOf([...texts, ...texts, ...texts, ...texts], checkText, rest),
    };
  };
  await figures(ASKED / 4); // nothing is compiled while it is measured
  return { bytes, ...(await figures(ASKED)) };
}

void measured().then((result) => process.send?.(result));
