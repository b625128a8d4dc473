/** Up to this part earlier, so that instances that were started together do not stay together. */
const JITTER = 0.1;
const COMPLAIN_EVERY_MS = 60_000;

/** A moment on the two clocks of an instance. */
export interface Instant {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

/** What this machine tells of time; injected, because much rests on time. */
export interface InstanceTime {
  /** Milliseconds since the epoch, as this instance believes: may be set, forward and back. */
  wall(): number;
  /** Milliseconds that no change of the time of day moves; they stand still with the machine. */
  monotonic(): number;
  /** Calls `run` once, in `delayMs` or a little earlier. @returns what prevents it. */
  after(delayMs: number, run: () => void): () => void;
}

/** This process's own; its timers do not keep it alive. */
export const INSTANCE_TIME: InstanceTime = {
  wall: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs * (1 - JITTER * Math.random())).unref();
    return () => {
      clearTimeout(timer);
    };
  },
};

export function instantOf(time: InstanceTime): Instant {
  return { wallMs: time.wall(), monotonicMs: time.monotonic() };
}

/** The larger of what the two clocks say: one may have been set back, the other stood still. */
export function elapsedMs(since: Instant, time: InstanceTime): number {
  return Math.max(time.monotonic() - since.monotonicMs, time.wall() - since.wallMs);
}

/** Passes on one error a minute at most, so that a long outage does not flood the log. */
export function rateLimited<E = Error>(
  onError: (error: E) => void,
  time: InstanceTime,
): (error: E) => void {
  let said: Instant | null = null;
  return (error) => {
    if (said !== null && elapsedMs(said, time) < COMPLAIN_EVERY_MS) return;
    said = instantOf(time);
    try {
      onError(error);
    } catch {
      // `onError` may throw; its caller must survive it.
    }
  };
}
