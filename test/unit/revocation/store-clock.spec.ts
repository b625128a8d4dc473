import { MemoryRevocationStore } from '../../../src/stores/memory';
import { TokenVerifier } from '../../../src/tokens/verification/token-verifier';
import { TestIssuer } from '../../support/tokens';
import { StoreClock } from '../../../src/revocation/store-clock';

const NOON = Date.UTC(2026, 0, 1, 12);

describe('The clock by which tokens expire', () => {
  let wallMs: number;
  let monotonicMs: number;
  let clock: StoreClock;
  beforeEach(() => {
    wallMs = NOON;
    monotonicMs = 1000;
    clock = new StoreClock(
      () => wallMs,
      () => monotonicMs,
    );
  });
  const pass = (ms: number): void => {
    wallMs += ms;
    monotonicMs += ms;
  };

  it('is the instance’s own before the store has answered, and trusted', () => {
    expect(clock.now()).toBe(NOON);
    expect(clock.skewMs).toBeNull();
    expect(clock.lastStoreTime).toBeNull();
    expect(clock.isTrusted).toBe(true);
  });

  it('is the instance’s own while that is behind the store’s by 30 s at most', () => {
    clock.observe(NOON + 30_000);
    expect(clock.now()).toBe(NOON);
    expect(clock.skewMs).toBe(-30_000);
    expect(clock.isTrusted).toBe(true);
  });

  it('is the store’s when the instance is further behind: nothing revoked may come back', () => {
    clock.observe(NOON + 30_001);
    expect(clock.now()).toBe(NOON + 30_001);
    expect(clock.skewMs).toBe(-30_001);
    expect(clock.isTrusted).toBe(false);
  });

  it('is the instance’s own when that is ahead: tokens expire early, which is safe', () => {
    clock.observe(NOON - 30_000);
    expect([clock.now(), clock.skewMs, clock.isTrusted]).toEqual([NOON, 30_000, true]);
    clock.observe(NOON - 30_001);
    expect([clock.now(), clock.skewMs, clock.isTrusted]).toEqual([NOON, 30_001, false]);
  });

  it('goes on between two answers of the store', () => {
    clock.observe(NOON + 60_000);
    pass(5000);
    expect(clock.now()).toBe(NOON + 65_000);
    expect(clock.skewMs).toBe(-60_000);
  });

  it('never goes back when the instance’s is set back between two answers', () => {
    clock.observe(NOON);
    pass(5000);
    wallMs -= 600_000;
    expect(clock.now()).toBe(NOON + 5000);
    expect(clock.skewMs).toBe(-600_000);
    expect(clock.isTrusted).toBe(false);
  });

  it('notices when the instance’s is set forward between two answers', () => {
    clock.observe(NOON);
    wallMs += 600_000;
    expect(clock.now()).toBe(NOON + 600_000);
    expect(clock.skewMs).toBe(600_000);
    expect(clock.isTrusted).toBe(false);
  });

  it('is trusted again when the instance’s is right again', () => {
    clock.observe(NOON);
    wallMs -= 600_000;
    wallMs += 600_000;
    expect([clock.now(), clock.skewMs, clock.isTrusted]).toEqual([NOON, 0, true]);
  });

  it('goes by the store’s last answer', () => {
    clock.observe(NOON + 60_000);
    pass(1000);
    clock.observe(NOON + 1000);
    expect(clock.now()).toBe(NOON + 1000);
    expect(clock.skewMs).toBe(0);
  });

  it('knows the store’s time as it answered last, which no clock of the instance moves', () => {
    clock.observe(NOON + 60_000);
    pass(5000);
    wallMs += 600_000;
    expect(clock.lastStoreTime).toEqual(new Date(NOON + 60_000));
  });

  it('is this process’s, unless told otherwise', () => {
    const own = new StoreClock();
    const beforeMs = Date.now();
    expect(own.now()).toBeGreaterThanOrEqual(beforeMs);
    own.observe(Date.now() + 60_000);
    expect(own.now()).toBeGreaterThanOrEqual(beforeMs + 60_000);
    expect(own.isTrusted).toBe(false);
  });
});

describe('A clock that was made before a test sets the date', () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  it.each([
    ['of a store', () => new StoreClock()],
    ['of the memory store', () => new MemoryRevocationStore().clock],
  ])('%s goes by that date', (_, make) => {
    const clock = make();
    jest.useFakeTimers({ now: Date.UTC(2030, 0, 1) });
    expect(clock.now()).toBe(Date.UTC(2030, 0, 1));
  });

  it('of a verifier goes by that date', () => {
    const issuer = new TestIssuer();
    const rules = {
      algorithms: [issuer.algorithm],
      keys: issuer.key,
      issuer: null,
      audience: null,
    };
    const verifier = new TokenVerifier(rules);
    const token = issuer.token();
    expect(verifier.verify(token).verdict).toBe('live');
    jest.useFakeTimers({ now: Date.now() + 3_600_000 });
    expect(verifier.verify(token).verdict).toBe('expired');
  });
});
