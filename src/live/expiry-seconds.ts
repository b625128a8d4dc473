/** Entries by the second in which they end. */
export class ExpirySeconds<Entry> {
  private readonly bySecond = new Map<number, Set<Entry>>();
  /** There is no bucket of an earlier second. */
  private first = Infinity;

  /** @param endsAtMs since the epoch; rounded up to a second. */
  add(entry: Entry, endsAtMs: number): void {
    const second = secondOf(endsAtMs);
    const bucket = this.bySecond.get(second);
    if (bucket === undefined) this.bySecond.set(second, new Set([entry]));
    else bucket.add(entry);
    this.first = Math.min(this.first, second);
  }

  /** @param endsAtMs as it was added. Does nothing where the entry was taken. */
  remove(entry: Entry, endsAtMs: number): void {
    const second = secondOf(endsAtMs);
    const bucket = this.bySecond.get(second);
    bucket?.delete(entry);
    if (bucket?.size === 0) this.bySecond.delete(second);
  }

  /** Removes and returns what has ended by then. Looks at no bucket unless one is due. */
  take(nowMs: number): readonly Entry[] {
    if (this.first * 1000 > nowMs) return [];
    this.first = Infinity;
    const ended: Entry[] = [];
    for (const [second, bucket] of this.bySecond) {
      if (second * 1000 > nowMs) {
        this.first = Math.min(this.first, second);
      } else {
        ended.push(...bucket);
        this.bySecond.delete(second);
      }
    }
    return ended;
  }
}

const secondOf = (endsAtMs: number): number => Math.ceil(endsAtMs / 1000);
