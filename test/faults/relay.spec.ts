import { setTimeout as sleep } from 'node:timers/promises';
import { hasNats, NatsServer } from '../support/nats-server';
import { hasRedis, RedisServer } from '../support/redis-server';
import { testWith } from '../support/tools';
import type { Role } from './fleet';
import { describeService, QUICK, useFleet, type FleetFixture } from './fleet-fixture';
import { underTraffic } from './under-traffic';

/** A fleet with a broker. */
interface RelayFixture<Broker> extends FleetFixture {
  readonly broker: Broker;
}

interface Broker {
  readonly url: string;
  /** It loses all that it holds. */
  clear(): Promise<void>;
  kill(): Promise<void>;
  /** Empty. */
  restart(): Promise<void>;
  signal(name: 'SIGSTOP' | 'SIGCONT'): void;
  remove(): Promise<void>;
}

function useRelayFleet<B extends Broker>(
  startBroker: () => Promise<B>,
  ...roles: readonly Role[]
): RelayFixture<B> {
  let broker: B | undefined;
  const fixture = useFleet(async () => {
    broker = await startBroker();
    return { store: QUICK, roles, brokerUrl: broker.url };
  });
  afterAll(async () => {
    await broker?.remove();
  });
  return {
    get cluster() {
      return fixture.cluster;
    },
    get fleet() {
      return fixture.fleet;
    },
    get broker() {
      return broker!;
    },
  };
}

const thrice = async (act: () => Promise<void>): Promise<void> => {
  for (let times = 0; times < 3; times += 1) {
    await act();
    await sleep(700);
  }
};

/** @param describeMore cases of this broker alone, in the same fleet. */
function describeBroker<B extends Broker>(
  name: string,
  startBroker: () => Promise<B>,
  describeMore: (fixture: RelayFixture<B>) => void,
): void {
  describe(`Behind ${name} no token is accepted after the bound, and two relays go on, when`, () => {
    const fixture = useRelayFleet(startBroker, 'relay', 'relay', 'behind the broker');
    const flaws = (happening: () => Promise<void>) => underTraffic(fixture.fleet, happening);

    it('nothing happens to it', async () => {
      expect(await flaws(() => sleep(3000))).toEqual([]);
    });

    it('it loses all that it holds, three times', async () => {
      expect(await flaws(() => thrice(() => fixture.broker.clear()))).toEqual([]);
    });

    it('it is killed, and comes back empty', async () => {
      const kill = async () => {
        await fixture.broker.kill();
        await sleep(1500);
        await fixture.broker.restart();
      };
      expect(await flaws(kill)).toEqual([]);
    });

    it('it stands still for five seconds', async () => {
      const standStill = async () => {
        fixture.broker.signal('SIGSTOP');
        await sleep(5000);
        fixture.broker.signal('SIGCONT');
      };
      expect(await flaws(standStill)).toEqual([]);
    });

    it('a process that relays stands still, and later goes on', async () => {
      const stop = async () => {
        for (const relay of fixture.fleet.writers) {
          relay.signal('SIGSTOP');
          await sleep(3000);
          relay.signal('SIGCONT');
        }
      };
      expect(await flaws(stop)).toEqual([]);
    });

    it('each process that relays is killed in turn, so the one that leads too', async () => {
      const kill = async () => {
        for (const relay of fixture.fleet.writers) {
          await relay.restart();
          await sleep(2000);
        }
      };
      expect(await flaws(kill)).toEqual([]);
    });

    it('the network to it loses all, for each instance in turn', async () => {
      const part = async () => {
        for (const proxy of fixture.fleet.brokerProxies) {
          proxy.impose({ up: 'lost', down: 'lost' });
          await sleep(1500);
          proxy.heal();
        }
      };
      expect(await flaws(part)).toEqual([]);
    });

    it('the network to it holds all up, and delivers it later', async () => {
      const hold = async () => {
        for (const proxy of fixture.fleet.brokerProxies) proxy.impose({ up: 'held', down: 'held' });
        await sleep(3000);
        fixture.fleet.heal();
      };
      expect(await flaws(hold)).toEqual([]);
    });

    describeMore(fixture);
  });

  describe(`Behind ${name} no token is accepted after the bound, when the one relay`, () => {
    const fixture = useRelayFleet(startBroker, 'database', 'relay', 'behind the broker');

    it('stands still for ten bounds, and later goes on', async () => {
      const [, relay] = fixture.fleet.instances;
      const stop = async () => {
        relay?.signal('SIGSTOP');
        await sleep(10 * QUICK.maxStalenessMs);
        relay?.signal('SIGCONT');
      };
      expect(await underTraffic(fixture.fleet, stop)).toEqual([]);
    });

    it('is killed, and starts again', async () => {
      const [, relay] = fixture.fleet.instances;
      expect(await underTraffic(fixture.fleet, async () => relay?.restart())).toEqual([]);
    });

    it('does not reach the database', async () => {
      const cut = async () => {
        fixture.fleet.proxies[1]?.impose({ up: 'lost', down: 'lost' });
        await sleep(3000);
        fixture.fleet.heal();
      };
      expect(await underTraffic(fixture.fleet, cut)).toEqual([]);
    });

    describeService(fixture);
  });
}

testWith('redis-server', hasRedis(), () => {
  let other: RedisServer;

  beforeAll(async () => {
    other = await RedisServer.start();
  });

  afterAll(async () => {
    await other.remove();
  });

  describeBroker(
    'Redis',
    () => RedisServer.start(),
    (fixture) => {
      it('an address leads to its replica, which loses the rest when it is promoted', async () => {
        const { broker: redis, fleet } = fixture;
        const [relay, relayToo, behind] = fleet.brokerProxies;
        const port = (server: RedisServer) => Number(new URL(server.url).port);
        const failOver = async () => {
          await other.replicate(redis);
          behind?.switchTo(port(other));
          await sleep(2000);
          await other.command('REPLICAOF', 'NO', 'ONE'); // two primaries
          relay?.switchTo(port(other));
          await sleep(2000);
          await redis.kill();
          await sleep(500);
          relayToo?.switchTo(port(other));
        };
        expect(await underTraffic(fleet, failOver)).toEqual([]);
      });
    },
  );
});

testWith('nats-server', hasNats(), () => {
  describeBroker(
    'NATS',
    () => NatsServer.start(),
    (fixture) => {
      it('its streams are purged, three times', async () => {
        const purge = () => thrice(() => fixture.broker.clear('PURGE'));
        expect(await underTraffic(fixture.fleet, purge)).toEqual([]);
      });
    },
  );
});
