import type { RelayStatus, ReplicaStatus, StoreStatus } from '../revocation/store-status';

/** A figure of the store's, as OpenTelemetry is told it. */
export interface StoreMetric {
  readonly name: string;
  /** A `counter` only grows; its rate is what tells. */
  readonly kind: 'gauge' | 'counter';
  /** In the notation of UCUM, as OpenTelemetry has it. */
  readonly unit: string;
  readonly description: string;
  /** The figure now: `NaN` while it is not known, `undefined` where the store has none at all. */
  readonly read: (status: StoreStatus) => number | undefined;
}

const ofReplica =
  (read: (replica: ReplicaStatus) => number) =>
  ({ replica }: StoreStatus): number | undefined =>
    replica === null ? undefined : read(replica);

const ofRelay =
  (read: (relay: RelayStatus) => number) =>
  ({ relay }: StoreStatus): number | undefined =>
    relay === null ? undefined : read(relay);

/** `NaN` while it is not known: SDKs go on telling the last figure of a metric that falls silent. */
export const seconds = (milliseconds: number | null): number =>
  milliseconds === null ? NaN : milliseconds / 1000;

/**
 * Every metric of the store's. Those of requests are in `LogoutMetrics`. None has an attribute.
 * Those of the replica are told only where there is one (`check: 'replica'`), as are those of a relay.
 */
export const STORE_METRICS: readonly StoreMetric[] = [
  {
    name: 'nestjs_logout.replica.lease.age',
    kind: 'gauge',
    unit: 's',
    description:
      'Since the begin of the read that the lease rests on; memory answers below maxStalenessMs.',
    read: ofReplica(({ leaseAgeMs }) => seconds(leaseAgeMs)),
  },
  {
    name: 'nestjs_logout.replica.answering',
    kind: 'gauge',
    unit: '1',
    description: '1 while memory answers, 0 while the store is asked about every token.',
    read: ofReplica(({ answersFrom }) => (answersFrom === 'memory' ? 1 : 0)),
  },
  {
    name: 'nestjs_logout.replica.catch_up.duration',
    kind: 'gauge',
    unit: 's',
    description: 'From the begin of the last successful read to its lease.',
    read: ofReplica(({ catchUpMs }) => seconds(catchUpMs)),
  },
  {
    name: 'nestjs_logout.replica.catch_ups',
    kind: 'counter',
    unit: '{read}',
    description: 'Reads of what is new that succeeded.',
    read: ofReplica(({ catchUps }) => catchUps),
  },
  {
    name: 'nestjs_logout.replica.failed_catch_ups',
    kind: 'counter',
    unit: '{read}',
    description: 'Reads that failed, full loads included; the lease goes on ageing.',
    read: ofReplica(({ failedCatchUps }) => failedCatchUps),
  },
  {
    name: 'nestjs_logout.replica.loads',
    kind: 'counter',
    unit: '{load}',
    description: 'Full loads: at boot, and when the server is another or memory was full.',
    read: ofReplica(({ loads }) => loads),
  },
  {
    name: 'nestjs_logout.replica.size',
    kind: 'gauge',
    unit: '{revocation}',
    description: 'Revocations in memory.',
    read: ofReplica(({ size }) => size),
  },
  {
    name: 'nestjs_logout.replica.full',
    kind: 'gauge',
    unit: '1',
    description: '1 while there are more revocations than maxEntries, so that the store is asked.',
    read: ofReplica(({ isFull }) => (isFull ? 1 : 0)),
  },
  {
    name: 'nestjs_logout.feed.doorbell',
    kind: 'gauge',
    unit: '1',
    description: '1 while notifications wake the replica, 0 while it runs on polling alone.',
    read: ({ feed }) => (feed === null ? undefined : feed === 'doorbell' ? 1 : 0),
  },
  {
    name: 'nestjs_logout.feed.broker',
    kind: 'gauge',
    unit: '1',
    description: '1 where a relay tells what is revoked, 0 where the store does.',
    read: ({ feed, isBehindBroker }) => (feed === null ? undefined : isBehindBroker ? 1 : 0),
  },
  {
    name: 'nestjs_logout.relay.leading',
    kind: 'gauge',
    unit: '1',
    description: '1 while this instance writes into the broker; of all with a relay, one does.',
    read: ofRelay(({ isLeading }) => (isLeading ? 1 : 0)),
  },
  {
    name: 'nestjs_logout.relay.round.age',
    kind: 'gauge',
    unit: 's',
    description: 'Since the end of the last round of this instance that succeeded.',
    read: ofRelay(({ lastRoundAgeMs }) => seconds(lastRoundAgeMs)),
  },
  {
    name: 'nestjs_logout.relay.frames',
    kind: 'counter',
    unit: '{frame}',
    description: 'Frames that this instance wrote into the broker.',
    read: ofRelay(({ frames }) => frames),
  },
  {
    name: 'nestjs_logout.relay.answers',
    kind: 'counter',
    unit: '{question}',
    description: 'Questions that it answered there; on each answer a lease may rest.',
    read: ofRelay(({ answers }) => answers),
  },
  {
    name: 'nestjs_logout.relay.failures',
    kind: 'counter',
    unit: '{failure}',
    description: 'How often it could not carry on: the database or the broker did not answer.',
    read: ofRelay(({ failures }) => failures),
  },
  {
    name: 'nestjs_logout.relay.log.length',
    kind: 'gauge',
    unit: '{frame}',
    description: 'Frames in the log from its checkpoint on; known where this instance leads.',
    read: ofRelay(({ logLength }) => logLength ?? NaN),
  },
  {
    name: 'nestjs_logout.store.look_ups',
    kind: 'counter',
    unit: '{token}',
    description: 'Tokens that the store itself was asked about; behind a broker, that waited.',
    read: ({ directLookUps }) => directLookUps,
  },
  {
    name: 'nestjs_logout.store.commits',
    kind: 'counter',
    unit: '{commit}',
    description: 'Commits of logouts.',
    read: ({ commits }) => commits,
  },
  {
    name: 'nestjs_logout.store.revocations',
    kind: 'counter',
    unit: '{revocation}',
    description: 'Revocations in those commits; divided by them, the size of a batch.',
    read: ({ committedRevocations }) => committedRevocations,
  },
  {
    name: 'nestjs_logout.clock.skew',
    kind: 'gauge',
    unit: 's',
    description:
      "How far this instance's clock is ahead of the store's; beyond 30 either way, not ready.",
    read: ({ skewMs }) => seconds(skewMs),
  },
];
