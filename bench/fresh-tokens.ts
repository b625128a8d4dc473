import { rmSync } from 'node:fs';
import type { SignedBy } from './tokens';
import type { BenchEnvironment } from './bench-environment';
import { load, type Load } from './wrk';

const WARM_UP_TOKENS = 5000;

/** Load in which each request has a token of its own. */
export interface FreshLoad extends Pick<Load, 'url' | 'connections' | 'seconds'> {
  readonly method: 'GET' | 'POST';
  readonly signedBy: SignedBy;
}

/** Sends tokens that no process has seen, as many as a turn needs. */
export class FreshTokens {
  /** By URL, how many a second were enough so far. */
  private readonly enough = new Map<string, number>();

  constructor(private readonly environment: BenchEnvironment) {}

  /**
   * @returns requests a second, after a warm-up with tokens of its own; and how many requests were
   * answered with 2xx in all, the warm-up's included.
   */
  async send({
    method,
    signedBy,
    ...what
  }: FreshLoad): Promise<{ answered: number; perSecond: number }> {
    const file = this.environment.file(`tokens-${signedBy}`);
    const tokens = { file, method };
    this.environment.signer.write(file, signedBy, WARM_UP_TOKENS);
    let { answered } = await load({ ...what, seconds: 1, tokens });
    for (let perSecond = this.enough.get(what.url) ?? 15_000; ; perSecond *= 1.5) {
      this.environment.signer.write(file, signedBy, Math.ceil(perSecond * what.seconds));
      const result = await load({ ...what, tokens });
      rmSync(file);
      answered += result.answered;
      if (result.isExhausted) continue;
      this.enough.set(what.url, result.perSecond * 1.5);
      return { answered, perSecond: result.perSecond };
    }
  }
}
