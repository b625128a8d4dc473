const WIDTH = 30;
const CLEAR_LINE = '\r\x1b[2K';

/** Tells how far a run is: a bar that is drawn anew on a terminal, a line a step elsewhere. */
export class ProgressBar {
  private done = 0;
  private readonly startedAt = performance.now();

  constructor(
    private readonly steps: number,
    private readonly output: NodeJS.WriteStream = process.stderr,
  ) {}

  /** The next step begins. */
  step(what: string): void {
    const share = Math.min(1, this.done / this.steps);
    const filled = Math.round(share * WIDTH);
    const bar = '#'.repeat(filled) + '.'.repeat(WIDTH - filled);
    const seconds = Math.round((performance.now() - this.startedAt) / 1000);
    const line = `[${bar}] ${Math.round(share * 100)} %, ${seconds} s: ${what}`;
    this.output.write(this.output.isTTY ? CLEAR_LINE + line : `${line}\n`);
    this.done += 1;
  }

  /** Leaves the terminal as it was. */
  end(): void {
    if (this.output.isTTY) this.output.write(CLEAR_LINE);
  }
}
