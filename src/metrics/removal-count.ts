/** From how many requests enforcement removed a revoked token, since the start. */
export class RemovalCount {
  private count = 0;

  get total(): number {
    return this.count;
  }

  add(): void {
    this.count += 1;
  }
}
