import { setTimeout as sleep } from 'node:timers/promises';
import { hasRedis, RedisServer } from '../support/redis-server';
import { testWith } from '../support/tools';
import type { Role } from './fleet';
import { describeService, QUICK, useFleet, type FleetFixture } from './fleet-fixture';
import { underTraffic } from './under-traffic';

/** A fleet with a Redis, and another one that can take its place. */
interface RelayFixture extends FleetFixture {
  readonly redis: RedisServer;
  readonly other: RedisServer;
}

function useRelayFleet(...roles: readonly Role[]): RelayFixture {
  const servers: RedisServer[] = [];
  const fixture = useFleet(async () => {
    servers.push(await RedisServer.start(), await RedisServer.start());
    return { store: QUICK, roles, redisUrl: servers[0]?.url };
  });
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.remove()));
  });
  return {
    get cluster() {
      return fixture.cluster;
    },
    get fleet() {
      return fixture.fleet;
    },
    get redis() {
      return servers[0]!;
    },
    get other() {
      return servers[1]!;
    },
  };
}

testWith('redis-server', hasRedis(), () => {
  describe('Behind a Redis no token is accepted after the bound, and two relays go on, when', () => {
    const fixture = useRelayFleet('relay', 'relay', 'behind Redis');
    const flaws = (happening: () => Promise<void>) => underTraffic(fixture.fleet, happening);

    it('nothing happens to it', async () => {
      expect(await flaws(() => sleep(3000))).toEqual([]);
    });

    it('it is flushed, three times', async () => {
      const flush = async () => {
        for (let times = 0; times < 3; times += 1) {
          await fixture.redis.command('FLUSHALL');
          await sleep(700);
        }
      };
      expect(await flaws(flush)).toEqual([]);
    });

    it('it is killed, and comes back empty', async () => {
      const kill = async () => {
        await fixture.redis.kill();
        await sleep(1500);
        await fixture.redis.restart();
      };
      expect(await flaws(kill)).toEqual([]);
    });

    it('it stands still for five seconds', async () => {
      const standStill = async () => {
        await fixture.redis.command('DEBUG', 'SLEEP', '5');
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

    it('the network to it loses all, for each instance in turn', async () => {
      const part = async () => {
        for (const proxy of fixture.fleet.redisProxies) {
          proxy.impose({ up: 'lost', down: 'lost' });
          await sleep(1500);
          proxy.heal();
        }
      };
      expect(await flaws(part)).toEqual([]);
    });

    it('the network to it holds all up, and delivers it later', async () => {
      const hold = async () => {
        for (const proxy of fixture.fleet.redisProxies) proxy.impose({ up: 'held', down: 'held' });
        await sleep(3000);
        fixture.fleet.heal();
      };
      expect(await flaws(hold)).toEqual([]);
    });

    it('an address leads to its replica, which loses the rest when it is promoted', async () => {
      const { redis, other, fleet } = fixture;
      const [relay, relayToo, behind] = fleet.redisProxies;
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
      expect(await flaws(failOver)).toEqual([]);
    });
  });

  describe('Behind a Redis no token is accepted after the bound, when the one relay', () => {
    const fixture = useRelayFleet('database', 'relay', 'behind Redis');

    it('stands still for ten bounds, and later goes on', async () => {
      const [, relay] = fixture.fleet.instances;
      const stop = async () => {
        relay?.signal('SIGSTOP');
        await sleep(10 * QUICK.maxStalenessMs);
        relay?.signal('SIGCONT');
      };
      expect(await underTraffic(fixture.fleet, stop)).toEqual([]);
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
});
