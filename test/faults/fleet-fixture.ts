import { startCluster, type TestCluster } from '../support/cluster';
import { Fleet, type FleetOptions } from './fleet';
import { unservedWithoutCause } from './under-traffic';

/** A durable server and a fleet on it, for all cases of a `describe`. */
export interface FleetFixture {
  readonly cluster: TestCluster;
  readonly fleet: Fleet;
}

/** Small bounds, for cases that are about their logic and not about their length. */
export const QUICK = { maxStalenessMs: 600, pollIntervalMs: 150 } as const;

/**
 * Starts server and fleet before the first case and stops them after the last; after each, networks
 * are healed. What comes after `prepare` uses the addresses and options that it returns.
 */
export function useFleet(
  prepare: (cluster: TestCluster) => FleetOptions | Promise<FleetOptions> = () => ({}),
): FleetFixture {
  let cluster: TestCluster | undefined;
  let fleet: Fleet | undefined;
  beforeAll(async () => {
    cluster = await startCluster();
    fleet = await Fleet.start(cluster.url, await prepare(cluster));
  });
  afterEach(() => {
    fleet?.heal();
  });
  afterAll(async () => {
    const warnings = await fleet?.stop();
    if (process.env.FAULTS_SHOW_WARNINGS !== undefined) process.stderr.write(warnings ?? '');
    await cluster?.remove();
  });
  const started = <T>(thing: T | undefined): T => {
    if (thing === undefined) throw new Error('the fleet is not started yet');
    return thing;
  };
  return {
    get cluster() {
      return started(cluster);
    },
    get fleet() {
      return started(fleet);
    },
  };
}

/**
 * The last promise of a `describe`: that of service, which is no matter of safety. It is judged by
 * what the machine could serve in the same moments.
 */
export function describeService(fixture: FleetFixture): void {
  describe('there', () => {
    it('is service for everything that lives, before each fault and after the recovery from it', () => {
      const { services } = fixture.fleet;
      expect(services).not.toEqual([]);
      const counting = unservedWithoutCause(fixture.fleet);
      const excused = services.flatMap(({ unserved }) => unserved).length - counting.length;
      if (excused > 0)
        process.stderr.write(
          `\n*** ${excused} lacks of service are NOT JUDGED: the machine was too busy just then ***\n\n`,
        );
      expect(counting.slice(0, 20)).toEqual([]);
    });
  });
}
