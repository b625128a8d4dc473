import type { Measure } from './statistics';
import type { BenchEnvironment } from './bench-environment';

/** What every group of figures works with. */
export interface Bench {
  readonly environment: BenchEnvironment;
  /** How often each app takes its turn. */
  readonly rounds: number;
  /** How long a turn takes. */
  readonly seconds: number;
  /** Told how far it is. */
  readonly progress: (text: string) => void;
}

/** Some of the figures: they share their processes and can be run by themselves. */
export type Group = (bench: Bench) => Promise<readonly Measure[]>;
