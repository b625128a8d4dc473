/** The snapshot in which nothing is visible, as text. */
export const SEES_NOTHING = '1:1:';

/** The number of the first transaction that had not begun. @param snapshot a `pg_snapshot` as text. */
export const xmaxOf = (snapshot: string): bigint => BigInt(partsOf(snapshot).xmax);

/** Whether what a committed transaction wrote is visible, as `pg_visible_in_snapshot`. */
export function sees(snapshot: string, xid: bigint): boolean {
  const { xmax, underWay } = partsOf(snapshot);
  return xid < BigInt(xmax) && !underWay.includes(xid.toString());
}

/** Whether every transaction that `seen` sees is visible in `snapshot` as well. */
export function seesAllOf(snapshot: string, seen: string): boolean {
  const [one, other] = [partsOf(snapshot), partsOf(seen)];
  const [end, otherEnd] = [BigInt(one.xmax), BigInt(other.xmax)];
  const isUnseen = new Set(other.underWay);
  const hidden = one.underWay.filter((xid) => BigInt(xid) < otherEnd && !isUnseen.has(xid));
  // Of the numbers from `end` on, `seen` may see those that were not under way in it.
  const later = other.underWay.filter((xid) => BigInt(xid) >= end);
  return hidden.length === 0 && otherEnd - end <= BigInt(later.length);
}

/** `xmin:xmax:xip,…`; below xmin all had ended, and in between all but xip. */
export function partsOf(snapshot: string): { xmax: string; underWay: readonly string[] } {
  const [, xmax = '', underWay = ''] = snapshot.split(':');
  return { xmax, underWay: underWay === '' ? [] : underWay.split(',') };
}
