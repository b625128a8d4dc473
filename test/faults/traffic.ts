import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fleet } from './fleet';
import type { Entry, Outcome } from './history';
import type { Instance } from './instance';

/** A token, and the text it is presented as. */
export interface TestToken {
  readonly jti: string;
  readonly text: string;
}

/** An entry from its begin on: what never ends stays unanswered. */
type Noted = { -readonly [Field in keyof Entry]: Entry[Field] };

const TICK_MS = 10;
const TICKS_PER_LOGOUT = 4;
const LIVE = 30;
/** Users that wait for so many answers of an instance ask it ten times a second only. */
const MANY_PENDING = 100;
/** How far past the bound is looked at most closely, in ms. */
const CLOSE = 1000;

const now = (): number => performance.now();
const oneOf = <T>(list: readonly T[]): T | undefined =>
  list[Math.floor(Math.random() * list.length)];

/**
 * Users of a fleet: a hundred requests a second to each instance, whether it answers or not, with
 * tokens that live, that were logged out just now, and that were logged out long ago; and 25
 * logouts a second. Everything that is asked and answered is noted.
 */
export class Traffic {
  readonly requests: Noted[] = [];
  readonly logouts: Noted[] = [];
  /** Every token that a user tried to log out. */
  readonly attempted = new Map<string, TestToken>();
  /** Instances at which users log out; no user does while it is empty. */
  logoutsAt: readonly Instance[];
  private readonly live: TestToken[];
  private readonly loggedOut: { readonly testToken: TestToken; readonly at: number }[] = [];
  private readonly pending = new Map<Promise<unknown>, string>();
  private timer: NodeJS.Timeout | undefined;
  private ticks = 0;

  constructor(
    private readonly fleet: Fleet,
    /** How long after a logout's 200 its token may still be accepted. */
    private readonly boundMs: number,
  ) {
    this.logoutsAt = fleet.writers;
    this.live = Array.from({ length: LIVE }, () => this.mint());
  }

  /** A good token, which no instance knows yet. */
  mint(claims: Record<string, unknown> = {}): TestToken {
    const jti = randomUUID();
    const exp = Math.floor(Date.now() / 1000) + 3600;
    return { jti, text: this.fleet.issuer.token({ jti, exp, ...claims }) };
  }

  start(): void {
    this.timer = setInterval(() => {
      this.tick();
    }, TICK_MS);
  }

  /** Nothing more is asked; resolves when everything is answered, or after so long. */
  async stop(patienceMs = 15_000): Promise<void> {
    clearInterval(this.timer);
    await Promise.race([Promise.all(this.pending.keys()), sleep(patienceMs, null, { ref: false })]);
  }

  /** Resolves when the last logout was answered so long ago. */
  async untilOldEnough(ms: number): Promise<void> {
    const last = Math.max(0, ...this.logouts.map(({ endedAt }) => endedAt).filter(Number.isFinite));
    await sleep(Math.max(0, last + ms - now()));
  }

  /** Presents a token, and notes what comes of it. */
  present(instance: Instance, testToken: TestToken): Promise<Outcome> {
    return this.presentBy(instance, testToken, () => instance.present(testToken.text));
  }

  /** Notes a request that is made otherwise. */
  presentBy(
    instance: Instance,
    testToken: TestToken,
    act: () => Promise<Outcome>,
  ): Promise<Outcome> {
    return this.note(this.requests, instance.name, testToken, act);
  }

  logOut(instance: Instance, testToken: TestToken): Promise<Outcome> {
    return this.revoke(instance.name, testToken, () => instance.logOut(testToken.text));
  }

  /** Notes a logout that is done otherwise; it is done once `act` resolves. */
  revoke(by: string, testToken: TestToken, act: () => Promise<Outcome>): Promise<Outcome> {
    this.attempted.set(testToken.jti, testToken);
    return this.note(this.logouts, by, testToken, async () => {
      const outcome = await act();
      if (outcome === 'accepted') this.loggedOut.push({ testToken, at: now() });
      return outcome;
    });
  }

  /** Tokens whose logout was answered between so many and so many ms ago. */
  loggedOutAgo(from: number, to: number): TestToken[] {
    const found: TestToken[] = [];
    for (let index = this.loggedOut.length - 1; index >= 0; index -= 1) {
      const { testToken, at } = this.loggedOut[index]!;
      if (at < now() - to) break;
      if (at < now() - from) found.push(testToken);
    }
    return found;
  }

  private tick(): void {
    this.ticks += 1;
    for (const instance of this.fleet.instances) {
      if (this.hasTimeFor(instance))
        this.track(instance, this.present(instance, this.chooseToken()));
    }
    const at = oneOf(this.logoutsAt);
    if (this.ticks % TICKS_PER_LOGOUT !== 0 || at === undefined || !this.hasTimeFor(at)) return;
    const [testToken] = this.live.splice(Math.floor(Math.random() * LIVE), 1, this.mint());
    if (testToken !== undefined) this.track(at, this.logOut(at, testToken));
  }

  private hasTimeFor({ name }: Instance): boolean {
    const waiting = [...this.pending.values()].filter((each) => each === name).length;
    return waiting < MANY_PENDING || this.ticks % 10 === 0;
  }

  private chooseToken(): TestToken {
    const dice = Math.random();
    const chosen =
      dice < 0.4
        ? this.ofAge(this.boundMs, this.boundMs + CLOSE)
        : dice < 0.6
          ? this.ofAge(0, this.boundMs)
          : dice < 0.75
            ? oneOf(this.loggedOut)?.testToken
            : undefined;
    return chosen ?? oneOf(this.live) ?? this.mint();
  }

  private ofAge(from: number, to: number): TestToken | undefined {
    return oneOf(this.loggedOutAgo(from, to));
  }

  private async note(
    entries: Noted[],
    instance: string,
    { jti: token }: TestToken,
    act: () => Promise<Outcome>,
  ): Promise<Outcome> {
    const entry: Noted = {
      token,
      instance,
      startedAt: now(),
      endedAt: Infinity,
      outcome: 'unanswered',
    };
    entries.push(entry);
    entry.outcome = await act();
    entry.endedAt = now();
    return entry.outcome;
  }

  private track({ name }: Instance, work: Promise<unknown>): void {
    this.pending.set(work, name);
    void work.finally(() => this.pending.delete(work));
  }
}
