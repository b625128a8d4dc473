const DAY_MS = 86_400_000;
/** No browser keeps a cookie for longer (the limit of RFC 6265bis). */
const LONGEST_MS = 400 * DAY_MS;

/**
 * Until when an ended session must be refused: a day from now, or as long as its cookie could have
 * lived, whichever is later; 400 days at most.
 *
 * A day, because what could bring the session back is a request that is still at work, here or on
 * another instance, and none works for that long. An id that is gone from the store by then cannot
 * come back: only what was loaded before can be written back. The cookie's own life on top, for a
 * store that kept a late write whose instance died before it could take it back.
 *
 * @param cookie the session's, with `expires` and `originalMaxAge` as both packages have them.
 * @param now milliseconds since the epoch.
 */
export function sessionEnd(cookie: unknown, now: number): Date {
  const inADay = now + DAY_MS;
  const latest = Math.min(Math.max(inADay, ...cookieEnds(cookie, now)), now + LONGEST_MS);
  // Long ones in whole days: Postgres keeps a partition for every hour in which something ends.
  return new Date(latest === inADay ? inADay : Math.ceil(latest / DAY_MS) * DAY_MS);
}

/** When it expires now, and when it would after one more request, which starts its life anew. */
function cookieEnds(cookie: unknown, now: number): number[] {
  if (typeof cookie !== 'object' || cookie === null) return [];
  const { expires, originalMaxAge }: { expires?: unknown; originalMaxAge?: unknown } = cookie;
  const ends = [
    expires instanceof Date ? expires.getTime() : NaN,
    typeof originalMaxAge === 'number' ? now + originalMaxAge : NaN,
  ];
  return ends.filter((end) => !Number.isNaN(end));
}
