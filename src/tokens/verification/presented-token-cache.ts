import { LRUCache } from 'lru-cache';
import type { PayloadReader } from './payload-reader';
import { presentedTokens, type UnverifiedToken } from './presented-tokens';
import { SeenOnceFilter } from './seen-once-filter';
import { ownText } from './verified-token-cache';

/** What all remembered texts together may take. */
const MAX_CACHE_BYTES = 8 * 1024 * 1024;
/** Of an entry without tokens; more than none, which the cache does not take. */
const TEXT_BYTES = 200;
const TOKEN_BYTES = 2000;
/** As long as the shortest signature there is, HS256's: no two tokens share it by chance. */
const NAME_LENGTH = 43;

interface ReadText {
  readonly text: string;
  readonly tokens: readonly UnverifiedToken[];
}

/** Reads texts, and remembers what it read in those that come again. No verdict is remembered. */
export class PresentedTokenCache {
  private readonly read = new LRUCache<string, ReadText>({ maxSize: MAX_CACHE_BYTES });
  private readonly seenOnce = new SeenOnceFilter();

  constructor(private readonly payloads: PayloadReader) {}

  /** @returns `undefined`: the text is too long, or holds too many tokens. */
  get(text: string): readonly UnverifiedToken[] | undefined {
    const name = text.slice(-NAME_LENGTH);
    // A part of the text finds it, because hashing all of it is slow; the whole text decides.
    const known = this.read.get(name);
    if (known?.text === text) return known.tokens;
    const tokens = presentedTokens(text, this.payloads);
    // What never comes again would push out what does: a text has to come twice to be worth it.
    if (tokens !== undefined && this.seenOnce.noteSeen(text)) this.remember(text);
    return tokens;
  }

  /** Read anew from a copy: what was cut from a header keeps all of that header alive. */
  private remember(text: string): void {
    const own = ownText(text);
    const tokens = presentedTokens(own, this.payloads) ?? [];
    this.read.set(own.slice(-NAME_LENGTH), { text: own, tokens }, { size: sizeOf(own, tokens) });
  }
}

/** Claims, key and parts of a token, estimated upwards: two bytes a character, and objects. */
function sizeOf(text: string, tokens: readonly UnverifiedToken[]): number {
  return TEXT_BYTES + 2 * text.length + tokens.length * (TOKEN_BYTES + 8 * text.length);
}
