import type { RevocationKey } from '../tokens/identity';
import { SCOPES, TokenQuery, type RevocationQuery } from '../tokens/scopes';
import { ANY_ISSUE_TIME, type Revocation } from '../revocation/revocation';
import {
  PREFIX_BYTES,
  type AbsoluteGroup,
  type Cutoff,
  type FeedSlice,
} from '../revocation/revocation-feed';
import { endOfHour, sliceOf, type LearnedRevocation } from '../revocation/feed-slice';
import { Cutoffs } from './cutoffs';
import type { Bucket } from './prefix-log';
import { TokenPrefix } from './token-prefix';
import { TokenPrefixes } from './token-prefixes';

/** Once it was full, memory counts as having room again below this share of `maxEntries`. */
const ROOM_AGAIN_BELOW = 0.9;

/**
 * The revocations that one instance has learned, in any order and as often as it likes. They are
 * never evicted: where there is no room for one more, it is refused, and `isFull` says so.
 */
export class KnownRevocations {
  /** Told what was learned, also where there was no room for it. They must not throw. */
  readonly watchers: ((learned: FeedSlice) => void)[] = [];
  /** Of tokens and sessions: 26 to 29 bytes each. */
  private readonly absolute = new TokenPrefixes();
  private readonly cutoffs = new Cutoffs();
  private readonly prefix = new TokenPrefix();
  private hasRefused = false;
  /** A new object with each revocation that is learned: what was not covered stays so until then. */
  private contents: object = {};

  /** @param maxEntries after which nothing more is taken. */
  constructor(private readonly maxEntries: number) {}

  /**
   * How many are held, of which some may have expired already. A token that was revoked again with
   * a later expiry counts twice until the earlier one is forgotten.
   */
  get size(): number {
    return this.absolute.size + this.cutoffs.size;
  }

  /**
   * Whether an entry was refused for want of room. Stays true until forgetting brings `size` below
   * 90 % of `maxEntries`. A caller that needs the complete set must then load everything again.
   */
  get isFull(): boolean {
    return this.hasRefused;
  }

  /** Learns what a feed has read. */
  apply(slice: FeedSlice): void {
    this.contents = {};
    for (const group of slice.absolute) this.addGroup(group);
    for (const cutoff of slice.cutoffs) this.addCutoff(cutoff);
    for (const tell of this.watchers) tell(slice);
  }

  /** Learns a revocation of this instance's own. */
  add(revocation: LearnedRevocation): void {
    this.apply(sliceOf(revocation));
  }

  /** Whether one is held that refuses as much, for as long. */
  includes({ key, scope, issuedBefore, expiresAt }: LearnedRevocation): boolean {
    if (SCOPES[scope].kind === 'cutoff')
      return this.cutoffs.has(key, latestOf(issuedBefore), expiresAt.getTime());
    this.prefix.readText(key);
    return this.absolute.has(this.prefix, this.absolute.bucketFor(endOfHour(expiresAt).getTime()));
  }

  /**
   * Whether a revocation that is held covers the token that is asked about. What a revocation that
   * has expired covers cannot be accepted any more, so that one may be held still.
   */
  covers(query: RevocationQuery): boolean {
    if (!(query instanceof TokenQuery)) return this.lookUp(query);
    if (query.last.uncoveredBy === this.contents) return false;
    const isCovered = this.lookUp(query);
    if (!isCovered) query.last.uncoveredBy = this.contents;
    return isCovered;
  }

  private lookUp(query: RevocationQuery): boolean {
    for (const key of query.absolute) if (this.isAbsolutelyRevoked(key)) return true;
    // A token makes the keys of its cutoffs when it is asked for them.
    if (this.cutoffs.size === 0) return false;
    for (const { key, at } of query.cutoffs) if (this.cutoffs.covers(key, at)) return true;
    return false;
  }

  /**
   * Forgets what has expired, if not all of it at once; never what is live.
   * @param now by the clock that decides about expiry: the store's.
   */
  forget(now: Date): void {
    this.absolute.forget(now.getTime());
    this.cutoffs.forget(now.getTime());
    if (this.size < this.maxEntries * ROOM_AGAIN_BELOW) this.hasRefused = false;
  }

  private isAbsolutelyRevoked(key: RevocationKey): boolean {
    this.prefix.readText(key);
    return this.absolute.has(this.prefix);
  }

  private addGroup({ expiresBefore, prefixes }: AbsoluteGroup): void {
    const bucket = this.absolute.bucketFor(expiresBefore.getTime());
    const bytes = new DataView(prefixes.buffer, prefixes.byteOffset, prefixes.length);
    for (let at = 0; at < bytes.byteLength; at += PREFIX_BYTES) {
      this.prefix.readBytes(bytes, at);
      this.addPrefix(bucket);
    }
  }

  private addPrefix(bucket: Bucket): void {
    if (this.absolute.has(this.prefix, bucket)) return;
    if (!this.hasRoom || !this.absolute.add(this.prefix, bucket)) this.hasRefused = true;
  }

  private addCutoff({ key, issuedBefore, expiresAt }: Cutoff): void {
    const latest = latestOf(issuedBefore);
    const until = expiresAt.getTime();
    if (this.cutoffs.has(key, latest, until)) return;
    if (this.hasRoom) this.cutoffs.add(key, latest, until);
    else this.hasRefused = true;
  }

  private get hasRoom(): boolean {
    return this.size < this.maxEntries;
  }
}

const latestOf = (issuedBefore: Revocation['issuedBefore']): number =>
  issuedBefore === ANY_ISSUE_TIME ? Infinity : issuedBefore.getTime();
