import { metrics } from '@opentelemetry/api';
import { LogoutMetrics } from '../../../src/metrics/logout-metrics';
import { RefusalCounts } from '../../../src/metrics/refusal-counts';
import { RemovalCount } from '../../../src/metrics/removal-count';
import type { RelayStatus, ReplicaStatus, StoreStatus } from '../../../src/revocation/store-status';
import type { KeyAge } from '../../../src/tokens/jwks/published-keys';
import { MetricsProbe } from '../../support/metrics';

const REPLICA: ReplicaStatus = {
  answersFrom: 'memory',
  leaseAgeMs: 250,
  catchUpMs: 4,
  catchUps: 7,
  failedCatchUps: 2,
  loads: 1,
  size: 12,
  isFull: false,
};
const RELAY: RelayStatus = {
  isLeading: true,
  lastRoundAgeMs: 40,
  frames: 5,
  answers: 6,
  failures: 1,
  logLength: 3,
};
const STATUS: StoreStatus = {
  skewMs: -1500,
  directLookUps: 3,
  commits: 4,
  committedRevocations: 9,
  feed: 'doorbell',
  replica: REPLICA,
  isBehindBroker: false,
  relay: null,
};

describe('The metrics', () => {
  let probe: MetricsProbe;
  let status: StoreStatus;
  let refusals: RefusalCounts;
  let removals: RemovalCount;
  let ages: KeyAge[];
  let told: LogoutMetrics;
  beforeEach(() => {
    probe = new MetricsProbe();
    status = STATUS;
    refusals = new RefusalCounts();
    removals = new RemovalCount();
    ages = [];
    const published = {
      get ages() {
        return ages;
      },
    };
    const store = { status: () => status };
    told = new LogoutMetrics(store, refusals, removals, published, probe.provider);
    told.register();
  });

  it('tell how the store is doing, in seconds and counts', async () => {
    expect(await probe.figures()).toMatchObject({
      'nestjs_logout.replica.lease.age': 0.25,
      'nestjs_logout.replica.answering': 1,
      'nestjs_logout.replica.catch_up.duration': 0.004,
      'nestjs_logout.replica.catch_ups': 7,
      'nestjs_logout.replica.failed_catch_ups': 2,
      'nestjs_logout.replica.loads': 1,
      'nestjs_logout.replica.size': 12,
      'nestjs_logout.replica.full': 0,
      'nestjs_logout.feed.doorbell': 1,
      'nestjs_logout.feed.broker': 0,
      'nestjs_logout.store.look_ups': 3,
      'nestjs_logout.store.commits': 4,
      'nestjs_logout.store.revocations': 9,
      'nestjs_logout.clock.skew': -1.5,
    });
  });

  it('tell of a replica that is full, has lost its lease and its doorbell', async () => {
    const replica = { ...REPLICA, answersFrom: 'store', isFull: true } as const;
    status = { ...STATUS, feed: 'polling', replica };
    expect(await probe.figures()).toMatchObject({
      'nestjs_logout.replica.answering': 0,
      'nestjs_logout.replica.full': 1,
      'nestjs_logout.feed.doorbell': 0,
    });
  });

  it('tell of a relay, and whether it leads', async () => {
    status = { ...STATUS, relay: RELAY };
    expect(await probe.figures()).toMatchObject({
      'nestjs_logout.relay.leading': 1,
      'nestjs_logout.relay.round.age': 0.04,
      'nestjs_logout.relay.frames': 5,
      'nestjs_logout.relay.answers': 6,
      'nestjs_logout.relay.failures': 1,
      'nestjs_logout.relay.log.length': 3,
    });
    status = { ...STATUS, relay: { ...RELAY, isLeading: false, logLength: null } };
    expect(await probe.figures()).toMatchObject({
      'nestjs_logout.relay.leading': 0,
      'nestjs_logout.relay.log.length': NaN,
    });
  });

  it('tell of an instance that a relay tells what is revoked', async () => {
    status = { ...STATUS, isBehindBroker: true };
    expect(await probe.figures()).toHaveProperty(['nestjs_logout.feed.broker'], 1);
  });

  it('do not repeat what is not known any more', async () => {
    await probe.figures();
    const replica = { ...REPLICA, leaseAgeMs: null, catchUpMs: null };
    status = { ...STATUS, skewMs: null, replica };
    expect(await probe.figures()).toMatchObject({
      'nestjs_logout.replica.lease.age': NaN,
      'nestjs_logout.replica.catch_up.duration': NaN,
      'nestjs_logout.clock.skew': NaN,
    });
  });

  it('are silent about a replica, a feed and a relay where there are none', async () => {
    status = { ...STATUS, feed: null, replica: null };
    const names = Object.keys(await probe.figures());
    expect(names.filter((name) => /replica|feed|relay/.test(name))).toEqual([]);
    expect(names).toContain('nestjs_logout.store.look_ups');
  });

  it('tell how many requests were refused, and why', async () => {
    refusals.count('token_revoked');
    refusals.count('token_revoked');
    expect(await probe.figures()).toMatchObject({
      'nestjs_logout.refusals{token_revoked}': 2,
      'nestjs_logout.refusals{token_expired}': 0,
    });
  });

  it('tell from how many requests a token was removed', async () => {
    const name = ['nestjs_logout.removed_tokens'];
    expect(await probe.figures()).toHaveProperty(name, 0);
    removals.add();
    removals.add();
    expect(await probe.figures()).toHaveProperty(name, 2);
  });

  it('tell how old the keys of each issuer are that publishes them, and which have none yet', async () => {
    expect(await probe.figures()).not.toHaveProperty(['nestjs_logout.issuer.keys.age']);
    ages = [
      { issuer: 'https://login.example', ageMs: 1500 },
      { issuer: 'https://other.example', ageMs: null },
    ];
    const points = await probe.points();
    expect(points.filter(({ name }) => name === 'nestjs_logout.issuer.keys.age')).toMatchObject([
      { unit: 's', attributes: { issuer: 'https://login.example' }, value: 1.5 },
      { unit: 's', attributes: { issuer: 'https://other.example' }, value: NaN },
    ]);
  });

  it('have units and a description each, and no label but the reason and the issuer', async () => {
    ages = [{ issuer: 'https://login.example', ageMs: 0 }];
    const points = await probe.points();
    const labels = new Set(points.flatMap(({ attributes }) => Object.keys(attributes)));
    expect(points.filter(({ unit, description }) => unit === '' || description === '')).toEqual([]);
    expect([...labels]).toEqual(['reason', 'issuer']);
  });

  it('are told once, however often they are registered', async () => {
    told.register();
    refusals.count('form');
    expect(await probe.refusals()).toEqual({ form: 1 });
    told.unregister();
    refusals.count('form');
    expect(await probe.refusals()).toEqual({ form: 1 });
  });

  it('end when they are unregistered, and may come back', async () => {
    told.unregister();
    told.unregister();
    expect(await probe.points()).toEqual([]);
    told.register();
    expect(await probe.figures()).toHaveProperty(['nestjs_logout.store.commits'], 4);
  });

  it('go to the SDK that is set up globally, unless they are given another', async () => {
    const globally = new MetricsProbe();
    metrics.setGlobalMeterProvider(globally.provider);
    new LogoutMetrics({ status: () => status }, refusals, removals, { ages }).register();
    expect(await globally.figures()).toHaveProperty(['nestjs_logout.store.commits'], 4);
    metrics.disable();
  });
});
