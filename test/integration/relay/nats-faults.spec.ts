import { readFileSync } from 'node:fs';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { NatsRelay, type NatsRelayOptions } from '../../../src/nats';
import { encodeFrame, EMPTY_SLICE, type Frame } from '../../../src/relay/frame';
import { readLog } from '../../../src/relay/read-log';
import type { StoredFrame } from '../../../src/relay/relay-transport';
import { FaultProxy } from '../../faults/proxy';
import { hasNats, NatsServer } from '../../support/nats-server';
import { testWith } from '../../support/tools';
import { until } from '../../support/until';

const CHECKPOINT = { number: 1, pagesId: 'none', pages: 0 };

const frameOf = (generation: string, number: number): StoredFrame => {
  const cursor = { snapshot: '', server: '' };
  const text = encodeFrame({ answers: [], cursor, storeMs: 0, slice: EMPTY_SLICE });
  return { generation, number, random: `${generation}${number}`, text };
};

testWith('nats-server', hasNats(), () => {
  let server: NatsServer;
  const toClose: { close(): Promise<void> }[] = [];

  beforeAll(async () => {
    server = await NatsServer.start();
  });

  beforeEach(() => server.clear());

  afterEach(async () => {
    await Promise.all(toClose.splice(0).map((open) => open.close()));
  });

  afterAll(async () => {
    await server.remove();
  });

  const relayAt = (servers = server.url, options: NatsRelayOptions = {}): NatsRelay => {
    const relay = new NatsRelay({ servers }, { callTimeoutMs: 2000, ...options });
    toClose.push(relay);
    return relay;
  };

  const own = async (settings?: string): Promise<NatsServer> => {
    const started = await NatsServer.start(settings);
    toClose.push({ close: () => started.remove() });
    return started;
  };

  /** A log with so many frames. */
  const begun = async (relay: NatsRelay, generation: string, count: number): Promise<void> => {
    await relay.begin(null, frameOf(generation, 1), CHECKPOINT);
    for (let number = 2; number <= count; number += 1)
      await relay.append(frameOf(generation, number - 1), frameOf(generation, number));
  };

  const isDone = (work: Promise<unknown>): Promise<boolean> =>
    work.then(
      () => true,
      () => false,
    );

  describe('The log in NATS', () => {
    /**
     * What a relay sent at the end of a stream arrives at the end of one that was made in its place,
     * or that has lost its end and got another one.
     */
    const arrivesInAnother = async (relay: NatsRelay, third: StoredFrame): Promise<void> => {
      await begun(relay, 'a', 4);
      const fourth = await server.api<{ message: { data: string } }>(
        'STREAM.MSG.GET.nl-default-log',
        { seq: 4 },
      );
      await server.clear();
      await begun(relay, third.generation, 2);
      expect(await relay.append(frameOf(third.generation, 2), third)).toBe(true);
      const text = Buffer.from(fourth.message.data, 'base64').toString();
      const expected = { 'Nats-Expected-Last-Sequence': '3' };
      expect(await server.publish('nl.default.log.4', text, expected)).toMatchObject({ seq: 4 });
    };

    const OTHERS: readonly (readonly [string, StoredFrame])[] = [
      ['that was lost', frameOf('b', 3)],
      ['that has lost its end', { ...frameOf('a', 3), random: 'another' }],
    ];

    it.each(OTHERS)('hands out no frame that was meant for a stream %s', async (_, third) => {
      const relay = relayAt();
      await arrivesInAnother(relay, third);

      await expect(relay.read(1)).rejects.toThrow('A frame is missing in the log of the broker.');
      const completed: Frame[] = [];
      const sink = { apply: () => undefined, complete: (frame: Frame) => completed.push(frame) };
      await expect(readLog(relay, third, sink)).rejects.toThrow('A frame is missing');
      expect(completed).toEqual([]);
    });

    it('takes one of many frames that two relays add at the same time', async () => {
      const one = relayAt();
      const other = relayAt();
      for (const relay of [one, other]) await relay.takeAsks(); // both are connected
      await begun(relayAt(), 'a', 1);

      const next = frameOf('a', 2);
      const areAdded = await Promise.all(
        Array.from({ length: 20 }, (_, index) => {
          const frame = { ...next, random: `random ${index}` };
          return (index % 2 === 0 ? one : other).append(frameOf('a', 1), frame);
        }),
      );
      expect(areAdded.filter(Boolean)).toHaveLength(1);
    });

    it.each(OTHERS)('begins anew where such a frame came into a stream %s', async (_, third) => {
      const relay = relayAt();
      await arrivesInAnother(relay, third);

      expect((await relay.takeAsks()).last).toBeNull();
      expect(await relay.append(frameOf('a', 4), frameOf('a', 5))).toBe(false);
      expect(await relay.begin(null, frameOf('c', 1), CHECKPOINT)).toBe(true);
      expect(await relay.read(null)).toMatchObject({ generation: 'c', hasMore: false });
      expect((await relay.takeAsks()).last?.frame).toEqual(frameOf('c', 1));
    });

    it.each([
      'nonsense',
      '{}\n',
      '{"number":1,"from":{"seq":"1"},"checkpoint":{"number":1,"pages":0}}\n',
    ])('is none where somebody wrote %j at its end, and begins anew', async (text) => {
      const relay = relayAt();
      await begun(relay, 'a', 2);
      await server.publish('nl.default.log.3', text);

      await expect(relay.read(1)).rejects.toThrow('A frame is missing in the log of the broker.');
      expect((await relay.takeAsks()).last).toBeNull();
      expect(await relay.begin(null, frameOf('b', 1), CHECKPOINT)).toBe(true);
      expect((await relay.read(null))?.frames).toEqual([frameOf('b', 1)]);
    });

    it('hands out no pages that do not belong to its first frame', async () => {
      const relay = relayAt();
      await begun(relay, 'a', 1);
      await relay.moveCheckpoint(frameOf('a', 1), { number: 1, pagesId: 'other', pages: 0 });
      const { message } = await server.api<{ message: { data: string } }>(
        'STREAM.MSG.GET.nl-default-log',
        { seq: 2 },
      );
      await server.clear();
      await begun(relay, 'b', 1);
      const text = Buffer.from(message.data, 'base64').toString();
      const behindIt = text.replace('"number":1,"random"', '"number":2,"random"');
      await server.publish('nl.default.log.2', behindIt.replace('"after":null', '"after":"b1"'));

      await expect(relay.read(null)).rejects.toThrow(
        'A frame is missing in the log of the broker.',
      );
    });

    it('is begun by one of two relays, and its checkpoint may be moved by both', async () => {
      const relay = relayAt();
      const other = relayAt();
      for (const each of [relay, other]) await each.takeAsks(); // both are connected
      await begun(relay, 'a', 1);
      const areBegun = await Promise.all(
        Array.from({ length: 10 }, (_, index) =>
          (index % 2 === 0 ? relay : other).begin(
            frameOf('a', 1),
            frameOf(`b${index}`, 1),
            CHECKPOINT,
          ),
        ),
      );
      expect(areBegun.filter(Boolean)).toHaveLength(1);

      const end = frameOf(`b${areBegun.indexOf(true)}`, 1);
      const moves = [relay, other].map((each) => each.moveCheckpoint(end, CHECKPOINT));
      expect(await Promise.all(moves)).toEqual([true, true]);
      expect((await relay.takeAsks()).last?.frame).toEqual(end);
    });

    it('is not complete without one of its frames', async () => {
      const relay = relayAt();
      await begun(relay, 'a', 5);
      await server.api('STREAM.MSG.DELETE.nl-default-log', { seq: 3 });

      expect((await relay.takeAsks()).last).toBeNull();
    });

    it('is not complete when its pages were lost, also when others came in their place', async () => {
      const relay = relayAt();
      await relay.writePage('one', 0, 'page');
      await relay.begin(null, frameOf('a', 1), { number: 1, pagesId: 'one', pages: 1 });
      expect((await relay.takeAsks()).last).not.toBeNull();
      await server.api('STREAM.DELETE.nl-default-pages');
      await relay.writePage('two', 0, 'page');

      expect((await relay.takeAsks()).last).toBeNull();
    });

    it('is complete when its checkpoint has moved to its end, and later goes on', async () => {
      const relay = relayAt();
      await begun(relay, 'a', 3);

      expect(await relay.moveCheckpoint(frameOf('a', 3), { ...CHECKPOINT, number: 3 })).toBe(true);
      expect((await relay.takeAsks()).last?.frame).toEqual(frameOf('a', 3));
      expect((await relay.read(1))?.frames).toEqual([frameOf('a', 3)]);
      expect(await relay.append(frameOf('a', 3), frameOf('a', 4))).toBe(true);
      expect((await relay.read(3))?.frames).toEqual([frameOf('a', 3), frameOf('a', 4)]);
      expect((await relay.takeAsks()).last?.frame).toEqual(frameOf('a', 4));
    });

    it('moves its checkpoint while another relay adds frames', async () => {
      const relay = relayAt();
      const other = relayAt();
      await begun(relay, 'a', 2);

      const [isMoved, ...areAdded] = await Promise.all([
        relay.moveCheckpoint(frameOf('a', 2), { ...CHECKPOINT, number: 2 }),
        other.append(frameOf('a', 2), frameOf('a', 3)),
      ]);

      const end = areAdded.includes(true) ? 3 : 2;
      expect(isMoved).toBe(true);
      expect((await relay.takeAsks()).last).toMatchObject({
        frame: frameOf('a', end),
        checkpoint: { number: 2 },
      });
    });

    it('keeps the pages of the checkpoint before, and drops older ones', async () => {
      const relay = relayAt();
      await begun(relay, 'a', 1);
      for (const pagesId of ['one', 'two', 'three']) {
        await relay.writePage(pagesId, 0, pagesId);
        await relay.moveCheckpoint(frameOf('a', 1), { number: 1, pagesId, pages: 1 });
      }

      const pages = ['one', 'two', 'three'].map((pagesId) => relay.readPage(pagesId, 0));
      expect(await Promise.all(pages)).toEqual([null, 'two', 'three']);
    });

    it('moves to no checkpoint whose pages are not there', async () => {
      const relay = relayAt();
      await begun(relay, 'a', 1);
      const checkpoint = { number: 1, pagesId: 'lost', pages: 1 };

      expect(await relay.moveCheckpoint(frameOf('a', 1), checkpoint)).toBe(false);
      expect(await relay.begin(frameOf('a', 1), frameOf('b', 1), checkpoint)).toBe(false);
      expect((await relay.takeAsks()).last?.frame).toEqual(frameOf('a', 1));
    });

    it('has no page, and no log, where there is no stream', async () => {
      const relay = relayAt();

      expect(await relay.readPage('none', 0)).toBeNull();
      expect(await relay.moveCheckpoint(frameOf('a', 1), CHECKPOINT)).toBe(false);
      expect(await relay.misconfiguration()).toBeUndefined();
    });

    it('hands out every question, also where many wait', async () => {
      const relay = relayAt();
      const questions = Array.from({ length: 200 }, (_, index) => `question ${index}`);
      for (const question of questions) await relay.ask(question);

      expect((await relay.takeAsks()).questions).toEqual(questions);
      await relay.ask('one more');
      await relay.ask('');
      expect((await relay.takeAsks()).questions).toEqual(['one more', '']);
    });
  });

  describe('The connection to NATS', () => {
    it('sends nothing after its time limit', async () => {
      const nats = await own();
      const relay = relayAt(nats.url, { callTimeoutMs: 200 });
      await relay.ask('before');
      await nats.kill();

      for (let asked = 0; asked < 5; asked += 1)
        await expect(relay.ask(`late ${asked}`)).rejects.toThrow();

      await nats.restart();
      await until(() => isDone(relay.ask('after')));
      const { questions } = await relay.takeAsks();
      expect(questions.filter((question) => question !== 'after')).toEqual([]);
    });

    it('takes an answer that came in time, however late this process reads it', async () => {
      const relay = relayAt(server.url, { callTimeoutMs: 200 });
      await relay.ask('before');
      const asked = relay.ask('meanwhile');
      await turn(); // it is sent
      const end = performance.now() + 1000;
      while (performance.now() < end);
      await asked;
      expect((await relay.takeAsks()).questions).toEqual(['before', 'meanwhile']);
    });

    it('fails what was under way when the server went away', async () => {
      const nats = await own();
      const relay = relayAt(nats.url, { callTimeoutMs: 60_000 });
      await relay.ask('before');
      nats.signal('SIGSTOP');
      const asked = relay.ask('under way');
      const failure = expect(asked).rejects.toThrow();
      await nats.kill();

      await failure;
    });

    it('comes back by itself after a silence of the server', async () => {
      const nats = await own();
      const relay = relayAt(nats.url, { callTimeoutMs: 200 });
      await comesBack(relay, {
        break: () => {
          nats.signal('SIGSTOP');
        },
        repair: () => {
          nats.signal('SIGCONT');
        },
      });
    });

    it('is made anew where it is half open', async () => {
      const proxy = await FaultProxy.before(server.port);
      toClose.push(proxy);
      const relay = relayAt(proxy.url(server.url), { callTimeoutMs: 200 });
      await comesBack(relay, {
        break: () => {
          proxy.impose({ up: 'lost', down: 'lost' });
        },
        repair: () => {
          proxy.heal();
        },
      });
    });

    const comesBack = async (
      relay: NatsRelay,
      fault: { break: () => void; repair: () => void },
    ): Promise<void> => {
      let rings = 0;
      relay.listen('asks', () => (rings += 1));
      await relay.ask('before');
      await until(() => relay.isListening);

      fault.break();
      // A process that is to stand still may answer once more.
      const failure = await until(() =>
        relay.ask('lost').then(
          () => undefined,
          (error: unknown) => String(error),
        ),
      );
      expect(failure).toBe('Error: NATS did not answer within 200 ms.');
      await until(() => !relay.isListening);
      await isDone(relay.ask('lost too'));
      fault.repair();

      await until(() => isDone(relay.ask('after')));
      await until(() => relay.isListening);
      const before = rings;
      await relay.ask('rings');
      await until(() => rings > before);
    };

    it('listens once a server that stood still goes on', async () => {
      const nats = await own();
      const relay = relayAt(nats.url, { callTimeoutMs: 10_000 });
      await relay.ask('before');
      await nats.stop();
      let rings = 0;
      relay.listen('asks', () => (rings += 1));
      await sleep(2500); // longer than a connection may take
      expect([relay.isListening, rings]).toEqual([false, 0]);
      nats.signal('SIGCONT');

      await until(() => relay.isListening && rings > 0);
    });

    it('rings once for one bell', async () => {
      const relay = relayAt();
      let rings = 0;
      relay.listen('asks', () => (rings += 1));
      await until(() => relay.isListening);
      rings = 0;
      await relay.ask('one');
      await relay.takeAsks(); // its answer comes behind the bell
      expect(rings).toBe(1);
    });

    it('listens as soon as there is a server, without a question', async () => {
      const nats = await own();
      await nats.kill();
      const relay = relayAt(nats.url);
      let rings = 0;
      relay.listen('frames', () => (rings += 1));
      await relay.close();
      relay.listen('frames', () => (rings += 1));
      expect(relay.isListening).toBe(false);

      await nats.restart();
      await until(() => relay.isListening && rings > 0);
      await relay.close();
      expect(relay.isListening).toBe(false);
    });
  });

  describe('What is set up otherwise is said:', () => {
    it('JetStream is not enabled', async () => {
      const nats = await own('');
      const relay = relayAt(nats.url);
      await expect(relay.ask('one')).rejects.toThrow('JetStream is not enabled in this NATS');
      await expect(relay.takeAsks()).rejects.toThrow('JetStream is not enabled in this NATS');
    });

    it('a message may not be as long as a frame', async () => {
      const nats = await own('jetstream: {}\nmax_payload: 65536');
      expect(await relayAt(nats.url).misconfiguration()).toMatch(/has max_payload 65536\./);
    });

    it.each([
      ['log', { max_msgs: 10 }, 'max_msgs 10 instead of -1'],
      ['pages', { max_age: 3600e9 }, 'max_age 3600000000000 instead of 691200000000000'],
      ['asks', { max_msgs: 3 }, 'max_msgs 3 instead of 10000'],
    ])('somebody has changed the stream %s', async (kind, change, said) => {
      const relay = relayAt();
      await relay.ask('one');
      await relay.writePage('page', 0, 'page');
      await begun(relay, 'a', 1);
      const stream = `nl-default-${kind}`;
      const { config } = await server.api<{ config: object }>(`STREAM.INFO.${stream}`);
      await server.api(`STREAM.UPDATE.${stream}`, { ...config, ...change });

      expect(await relay.misconfiguration()).toContain(`"${stream}" of the relay has ${said}`);
    });

    it('another stream has our subjects', async () => {
      await server.api('STREAM.CREATE.other', { name: 'other', subjects: ['nl.default.asks.>'] });
      await server.api('STREAM.CREATE.nl-default-asks', {
        name: 'nl-default-asks',
        subjects: ['x'],
      });
      await server.api('STREAM.CREATE.third', { name: 'third', subjects: ['nl.default.pages.>'] });
      const relay = relayAt();

      await expect(relay.ask('one')).rejects.toThrow(
        'No stream of this NATS takes "nl.default.asks".',
      );
      await server.api('STREAM.DELETE.third');
      await server.api('STREAM.CREATE.third', { name: 'third', subjects: ['nl.default.log.x'] });
      await expect(relay.begin(null, frameOf('a', 1), CHECKPOINT)).rejects.toThrow(
        'NATS refused STREAM.CREATE of "nl-default-log": subjects overlap with an existing stream.',
      );
    });

    it('a message is refused', async () => {
      const relay = relayAt();
      await relay.writePage('page', 0, 'page');
      const { config } = await server.api<{ config: object }>('STREAM.INFO.nl-default-pages');
      await server.api('STREAM.UPDATE.nl-default-pages', { ...config, max_msg_size: 10 });

      await expect(relay.writePage('page', 1, 'longer than ten')).rejects.toThrow(
        'NATS refused to keep "nl.default.pages.page.1": message size exceeds maximum allowed.',
      );
    });

    it('an option is not of its form', () => {
      const make = (options: NatsRelayOptions) => () => new NatsRelay({}, options);
      expect(() => new NatsRelay({})).not.toThrow();
      expect(make({ name: 'with.dot' })).toThrow('"name" must be 1 to 64 letters, digits, hyphens');
      expect(make({ callTimeoutMs: 1 })).toThrow('"callTimeoutMs" must be a whole number');
      expect(make({ replicas: 6 })).toThrow('"replicas" must be a whole number of servers from 1');
    });
  });

  describe('The permissions of docs/relay.md', () => {
    const documented = (): string => {
      const [, block = ''] =
        /```text\n(authorization[^]*?)```/.exec(readFileSync('docs/relay.md', 'utf8')) ?? [];
      return `jetstream: {}\n${block.replaceAll(/\$\w+_PASSWORD/g, 'secret')}`;
    };

    it('let a relay write, let an instance ask and read, and no more', async () => {
      const nats = await own(documented());
      const as = (user: string): NatsRelay => {
        const connection = { servers: nats.url, user, pass: 'secret' };
        const relay = new NatsRelay(connection, { callTimeoutMs: 2000 });
        toClose.push(relay);
        return relay;
      };
      const relay = as('relay');
      const behind = as('instance');
      let rings = 0;
      behind.listen('frames', () => (rings += 1));
      await behind.ask('one');
      await relay.writePage('page', 0, 'page');
      const checkpoint = { number: 1, pagesId: 'page', pages: 1 };
      expect(await relay.begin(null, frameOf('a', 1), checkpoint)).toBe(true);
      expect(await relay.append(frameOf('a', 1), frameOf('a', 2))).toBe(true);
      expect((await relay.takeAsks()).questions).toEqual(['one']);
      expect(await relay.moveCheckpoint(frameOf('a', 2), { ...checkpoint, number: 2 })).toBe(true);
      expect(await relay.misconfiguration()).toBeUndefined();
      relay.listen('asks', () => undefined);
      await until(() => relay.isListening && behind.isListening && rings > 0);

      expect((await behind.read(null))?.frames).toEqual([frameOf('a', 2)]);
      expect(await behind.readPage('page', 0)).toBe('page');
      await expect(behind.writePage('page', 1, 'forged')).rejects.toThrow(
        'NATS does not let this user publish to "nl.default.pages.page.1": see docs/relay.md.',
      );
      behind.listen('asks', () => undefined);
      await expect(behind.takeAsks()).rejects.toThrow('does not let this user publish');
      expect(behind.isListening).toBe(false);
    });
  });
});
