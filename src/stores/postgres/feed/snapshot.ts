/** The snapshot in which nothing is visible, as text. */
export const SEES_NOTHING = '1:1:';

/** The number of the first transaction that had not begun. @param snapshot a `pg_snapshot` as text. */
export const xmaxOf = (snapshot: string): bigint => BigInt(partsOf(snapshot).xmax);

/** Whether what a committed transaction wrote is visible, as `pg_visible_in_snapshot`. */
export function sees(snapshot: string, xid: bigint): boolean {
  const { xmax, underWay } = partsOf(snapshot);
  return xid < BigInt(xmax) && !underWay.includes(xid.toString());
}

/** `xmin:xmax:xip,…`; below xmin all had ended, and in between all but xip. */
export function partsOf(snapshot: string): { xmax: string; underWay: readonly string[] } {
  const [, xmax = '', underWay = ''] = snapshot.split(':');
  return { xmax, underWay: underWay === '' ? [] : underWay.split(',') };
}
