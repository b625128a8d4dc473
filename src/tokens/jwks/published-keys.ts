import {
  elapsedMs,
  INSTANCE_TIME,
  instantOf,
  type Instant,
  type InstanceTime,
} from '../../time/instance-time';
import type { KeyListeners } from './key-report';
import { RemoteKeys, type RemoteKeysOptions } from './remote-keys';

/** How long a boot waits for the keys of issuers; then it goes on without. */
const BOOT_WAIT_MS = 5000;
/** How long an issuer that has never answered keeps an instance from being ready. */
const READY_WAIT_MS = 60_000;

/** How long ago an issuer last answered with its keys. */
export interface KeyAge {
  /** One of its names. */
  readonly issuer: string;
  /** `null`: it has not answered yet. */
  readonly ageMs: number | null;
}

/** The keys that issuers publish: fetched once for each issuer, for all of its tokens. */
export class PublishedKeys {
  private readonly byNames = new Map<string, RemoteKeys>();
  private openedAt: Instant | null = null;

  constructor(private readonly time: InstanceTime = INSTANCE_TIME) {}

  /** The keys of an issuer. Until `open` they are not known. */
  of(options: RemoteKeysOptions): RemoteKeys {
    const names = JSON.stringify(options.names);
    const known = this.byNames.get(names);
    if (known !== undefined) return known;
    const keys = new RemoteKeys(options, this.time);
    this.byNames.set(names, keys);
    return keys;
  }

  /**
   * Fetches the keys of all issuers, and goes on to do so until `close`. Idempotent.
   * @returns when all have answered or failed, after 5 s at the latest. Never rejects.
   */
  async open(listeners: KeyListeners): Promise<void> {
    if (this.byNames.size === 0) return;
    this.openedAt ??= instantOf(this.time);
    let cancel = (): void => undefined;
    const late = new Promise<void>((resolve) => {
      cancel = this.time.after(BOOT_WAIT_MS, resolve);
    });
    const fetched = [...this.byNames.values()].map((keys) => keys.open(listeners));
    await Promise.race([Promise.all(fetched), late]);
    cancel();
  }

  /** Nothing is fetched from here on. Idempotent. */
  close(): void {
    for (const keys of this.byNames.values()) keys.close();
  }

  /** The issuers that have not answered with keys yet. */
  get awaited(): readonly string[] {
    return this.issuersWhere(({ wereKnown }) => !wereKnown);
  }

  /** Whether a minute has passed since `open`: an instance that can check other tokens is ready then. */
  get hasWaited(): boolean {
    const { openedAt, time } = this;
    return openedAt !== null && elapsedMs(openedAt, time) >= READY_WAIT_MS;
  }

  /** The issuers whose keys are not known now: their tokens cannot be checked. */
  get unknown(): readonly string[] {
    return this.issuersWhere(({ current }) => current === undefined);
  }

  /** Of each name of each issuer. */
  get ages(): readonly KeyAge[] {
    return [...this.byNames.values()].flatMap(({ names, ageMs }) =>
      names.map((issuer) => ({ issuer, ageMs })),
    );
  }

  private issuersWhere(isMeant: (keys: RemoteKeys) => boolean): readonly string[] {
    return [...this.byNames.values()].filter(isMeant).flatMap(({ names }) => names);
  }
}
