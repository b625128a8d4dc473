import { INSTANCE_TIME, instantOf } from '../../../src/time/instance-time';
import { ANNOUNCEMENT_LASTS, Lease } from '../../../src/replica/lease';
import { ManualTime } from './manual-ports';

const STALENESS_MS = 2000;
const LAPSE_MS = STALENESS_MS * ANNOUNCEMENT_LASTS;

describe('A lease', () => {
  let time: ManualTime;
  let lease: Lease;
  beforeEach(() => {
    time = new ManualTime();
    lease = new Lease(STALENESS_MS, time);
  });
  const grant = (readAgoMs: number, announcedAgoMs: number): void => {
    time.pause(-announcedAgoMs);
    const announced = instantOf(time);
    time.pause(announcedAgoMs - readAgoMs);
    const readBegan = instantOf(time);
    time.pause(readAgoMs);
    lease.grant({ readBegan, announced });
  };

  it('is not there before it is granted', () => {
    expect(lease.isValid).toBe(false);
    expect(lease.ageMs).toBeNull();
  });

  it('lasts from the begin of its read for as long as memory may be stale, and no longer', () => {
    grant(300, 0);
    time.pause(1699);
    expect(lease.isValid).toBe(true);
    expect(lease.ageMs).toBe(1999);
    time.pause(1);
    expect(lease.isValid).toBe(false);
    expect(lease.ageMs).toBe(2000);
  });

  it('is over before it begins where its read took too long', () => {
    grant(STALENESS_MS, 0);
    expect(lease.isValid).toBe(false);
  });

  it('lasts no longer than the announcement that had succeeded before its read', () => {
    grant(0, LAPSE_MS - 10);
    time.pause(9);
    expect(lease.isValid).toBe(true);
    time.pause(1);
    expect(lease.isValid).toBe(false);
  });

  it('lasts no longer than the announcement by the wall clock either', () => {
    grant(0, LAPSE_MS - 10);
    time.wallMs += 10;
    expect(lease.isValid).toBe(false);
  });

  it('is not granted without an announcement', () => {
    lease.grant({ readBegan: instantOf(time), announced: null });
    expect(lease.isValid).toBe(false);
    expect(lease.ageMs).toBeNull();
  });

  it('ends by the wall clock alone, and by the monotonic clock alone', () => {
    grant(0, 0);
    time.wallMs += STALENESS_MS;
    expect(lease.isValid).toBe(false);
    expect(lease.ageMs).toBe(STALENESS_MS);
    time.wallMs -= 2 * STALENESS_MS;
    expect(lease.isValid).toBe(true);
    time.monotonicMs += STALENESS_MS;
    expect(lease.isValid).toBe(false);
  });

  it('ends when it is dropped, and can be granted again', () => {
    grant(0, 0);
    lease.drop();
    expect(lease.isValid).toBe(false);
    grant(0, 0);
    expect(lease.isValid).toBe(true);
  });
});

describe('The time of an instance', () => {
  it('is this process’s', () => {
    const [wallMs, monotonicMs] = [Date.now(), performance.now()];
    expect(INSTANCE_TIME.wall()).toBeGreaterThanOrEqual(wallMs);
    expect(INSTANCE_TIME.wall() - wallMs).toBeLessThan(60_000);
    expect(INSTANCE_TIME.monotonic()).toBeGreaterThanOrEqual(monotonicMs);
    expect(INSTANCE_TIME.monotonic() - monotonicMs).toBeLessThan(60_000);
  });

  it('keeps no process alive', () => {
    const timers = (): number =>
      process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
    const before = timers();
    const cancel = INSTANCE_TIME.after(60_000, () => undefined);
    expect(timers()).toBe(before);
    cancel();
  });

  it('lets instances that were started together drift apart, and none of them come late', () => {
    jest.useFakeTimers();
    const startedMs = Date.now();
    const cameMs = new Set<number>();
    for (let i = 0; i < 100; i += 1) {
      INSTANCE_TIME.after(500, () => cameMs.add(Date.now() - startedMs));
    }
    jest.advanceTimersByTime(500);
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
    expect(Math.min(...cameMs)).toBeGreaterThanOrEqual(449);
    expect(Math.max(...cameMs)).toBeLessThanOrEqual(500);
    expect(cameMs.size).toBeGreaterThan(10);
  });

  it('calls off what was cancelled', () => {
    jest.useFakeTimers();
    let isCalled = false;
    const cancel = INSTANCE_TIME.after(500, () => (isCalled = true));
    cancel();
    jest.advanceTimersByTime(500);
    jest.useRealTimers();
    expect(isCalled).toBe(false);
  });
});
