/** Opens many Postgres stores in one process, as so many instances, and says when each knows. */
import { Socket } from 'node:net';
import { createRevocation, type ExpressRevocation } from '../../src/express';
import { PostgresRevocationStore } from '../../src/postgres';
import type { VerifiedToken } from '../../src/tokens/verified-token';
import { setting } from '../apps/serve';
import { onGoodbye } from '../processes';
import { AUDIENCE, ISSUER } from '../tokens';
import type { Seen } from './figures';

/** What the bench tells a process of followers. */
export type FollowerMessage =
  /** Look from now on whether this token is refused. */
  | { readonly watch: string }
  /** Its logout was answered then, in ms since the epoch. */
  | { readonly loggedOut: string; readonly at: number }
  /** Answered with what was `Seen` since the last time, when the bound of every logout is over. */
  | { readonly ask: 'seen' }
  /** Answered with `Traffic`. */
  | { readonly ask: 'traffic' };

/** So far, of all followers of the process. */
export interface Traffic {
  /** What came over all connections to PostgreSQL. */
  readonly bytes: number;
  readonly reads: number;
}

/** As the store has it by default. */
const BOUND_MS = 2000;
const LOOK_EVERY_MS = 2;

interface Watched {
  readonly token: VerifiedToken;
  /** Which followers accept it still. */
  readonly unaware: Set<Follower>;
  readonly seenAt: number[];
  loggedOutAt: number;
}

class Follower {
  readonly store = new PostgresRevocationStore({ url: setting('DATABASE_URL') });
  readonly revocation: ExpressRevocation = createRevocation({
    algorithms: ['HS256'],
    keys: setting('JWT_SECRET'),
    issuer: ISSUER,
    audience: AUDIENCE,
    maxLifetimeSeconds: 86_400,
    store: this.store,
    auditPrinter: () => undefined,
    refusalPrinter: () => undefined,
  });

  /** Whether it would let the token in by what it knows now; a look-up is no such thing. */
  accepts(token: VerifiedToken): boolean {
    const verdict = this.revocation.tokens.isRevoked(token);
    if (typeof verdict === 'boolean') return !verdict;
    verdict.catch(() => undefined);
    return false;
  }

  /** Whether it knows by itself, without a look-up, that the token is refused. */
  refuses(token: VerifiedToken): boolean {
    return this.revocation.tokens.isRevoked(token) === true;
  }
}

const now = (): number => performance.timeOrigin + performance.now();

/** All connections of the process: pg makes its sockets by itself, without an event. */
const sockets = new Set<Socket>();
const connect = Reflect.get(Socket.prototype, 'connect') as (...parameters: unknown[]) => Socket;
Socket.prototype.connect = function noting(this: Socket, ...parameters: unknown[]) {
  sockets.add(this);
  return Reflect.apply(connect, this, parameters);
};

const followers = Array.from({ length: Number(setting('FOLLOWERS')) }, () => new Follower());
const watched = new Map<string, Watched>();
let acceptedLate = 0;

function look(): void {
  const time = now();
  for (const each of watched.values())
    for (const follower of each.unaware) {
      if (follower.refuses(each.token)) {
        each.unaware.delete(follower);
        each.seenAt.push(time);
      } else if (time > each.loggedOutAt + BOUND_MS && follower.accepts(each.token)) {
        acceptedLate += 1;
      }
    }
}

function watch(text: string): void {
  const verification = followers[0]?.revocation.tokens.verify(text);
  if (verification?.verdict !== 'live') throw new Error('the bench signs tokens that are live');
  watched.set(text, {
    token: verification.token,
    unaware: new Set(followers),
    seenAt: [],
    loggedOutAt: Infinity,
  });
}

function traffic(): Traffic {
  const bytes = [...sockets].reduce((sum, { bytesRead }) => sum + bytesRead, 0);
  const reads = followers.reduce(
    (sum, { store }) => sum + (store.status().replica?.catchUps ?? 0),
    0,
  );
  return { bytes, reads };
}

/** Waits for the bound of the last logout, and a look behind it. */
async function seen(): Promise<Seen> {
  const last = Math.max(...[...watched.values()].map(({ loggedOutAt }) => loggedOutAt));
  const restMs = last + BOUND_MS + 10 * LOOK_EVERY_MS - now();
  if (Number.isFinite(restMs)) await new Promise((resolve) => setTimeout(resolve, restMs));
  look();
  const delays = [...watched.values()].flatMap(({ seenAt, loggedOutAt }) =>
    // One that knew before the 200 was sent is at 0.
    seenAt.map((at) => Math.max(0, at - loggedOutAt)),
  );
  const result = { delays, acceptedLate };
  watched.clear();
  acceptedLate = 0;
  return result;
}

async function take(message: FollowerMessage): Promise<void> {
  if ('watch' in message) watch(message.watch);
  else if ('ask' in message) process.send?.(message.ask === 'seen' ? await seen() : traffic());
  else {
    const found = watched.get(message.loggedOut);
    if (found !== undefined) found.loggedOutAt = message.at;
  }
}

async function main(): Promise<void> {
  onGoodbye(async () => {
    await Promise.all(followers.map(({ revocation }) => revocation.close()));
  });
  // Ten at a time: all at once would be a storm that no rolling deployment makes.
  for (let at = 0; at < followers.length; at += 10)
    await Promise.all(followers.slice(at, at + 10).map(({ revocation }) => revocation.open()));
  setInterval(look, LOOK_EVERY_MS);
  process.on('message', (message: FollowerMessage) => void take(message));
  process.send?.({});
}

void main();
