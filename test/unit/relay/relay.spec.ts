import { Relay } from '../../../src/relay/relay';
import { RelayLead } from '../../../src/relay/relay-lead';
import type { RelayTransport } from '../../../src/relay/relay-transport';
import { StoreClock } from '../../../src/revocation/store-clock';
import { MemoryBroker, MemoryRelay } from '../../support/memory-broker';
import { ManualFeed, ManualTime, revocationOf, settle } from '../replica/manual-ports';

/** A lead that the test gives and takes away. */
class ManualLead extends RelayLead {
  leads = true;
  fails = false;
  terms = 0;
  private lost = new AbortController();

  async whileLeading(work: (signal: AbortSignal) => Promise<void>): Promise<boolean> {
    if (this.fails) throw new Error('the database is away');
    if (!this.leads) return false;
    this.terms += 1;
    this.lost = new AbortController();
    await work(this.lost.signal);
    return true;
  }

  lose(): void {
    this.leads = false;
    this.lost.abort();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

let time: ManualTime;
let feed: ManualFeed;
let lead: ManualLead;
let way: MemoryRelay;
let said: Error[];
let relay: Relay;

beforeEach(() => {
  time = new ManualTime();
  const clock = new StoreClock(time.wall, time.monotonic);
  feed = new ManualFeed(clock, time.wall);
  lead = new ManualLead();
  way = new MemoryRelay(new MemoryBroker());
  said = [];
  const source = { feed, clock, register: feed, lead };
  const onError = (error: Error) => said.push(error);
  relay = new Relay(source, way, { maxStalenessMs: 2000, pollIntervalMs: 500, onError }, time);
});

afterEach(async () => {
  void relay.stop();
  await settle();
});

const reads = () => feed.reads.length;

async function answer(snapshot: string, token: number): Promise<void> {
  while (!feed.isReading) await settle();
  await feed.answer(snapshot, revocationOf(token));
  await settle();
}

describe('A relay', () => {
  it('reads every poll interval, and soon after a bell of the database', async () => {
    relay.start();
    relay.start();
    await answer('1', 1);
    await time.pass(499);
    expect(reads()).toBe(1);
    await time.pass(1);
    await answer('2', 2);
    expect(reads()).toBe(2);

    await time.pass(100);
    await feed.hear();
    expect(reads()).toBe(3);
  });

  it('answers questions that come at about the same time together', async () => {
    relay.start();
    await answer('1', 1);
    await time.pass(10);
    await way.ask('0000000000000001 2000');
    await time.pass(20);
    await way.ask('0000000000000002 2000');
    await time.pass(19);
    expect(reads()).toBe(1);
    await time.pass(1);
    expect(reads()).toBe(2);
  });

  it('does nothing while another one leads, and looks again', async () => {
    lead.leads = false;
    relay.start();
    await time.pass(2000);
    expect(reads()).toBe(0);
    lead.leads = true;
    await time.pass(500);
    expect(reads()).toBe(1);
  });

  it('does nothing more once it has lost the lead', async () => {
    relay.start();
    await answer('1', 1);
    lead.lose();
    await time.pass(3000);
    expect(reads()).toBe(1);
  });

  it('gives the lead up for a moment after ten seconds', async () => {
    relay.start();
    for (let turn = 0; turn < 21; turn += 1) {
      await answer(String(turn), turn + 1);
      await time.pass(500);
    }
    expect(lead.terms).toBe(2);
  });

  it('says what fails, leaves the lead to others, and goes on', async () => {
    relay.start();
    await settle();
    await feed.fail();
    expect(said[0]?.message).toContain('could not carry on');
    lead.fails = true;
    await time.pass(500);
    lead.fails = false;
    await time.pass(1000);
    await answer('1', 1);
    expect(lead.terms).toBe(2);
    expect(said.length).toBe(1);
  });

  it('says how the broker must be set up, once a minute', async () => {
    jest
      .spyOn<RelayTransport, 'misconfiguration'>(way, 'misconfiguration')
      .mockResolvedValue('Set it to noeviction.');
    relay.start();
    await answer('1', 1);
    for (let turn = 0; turn < 200; turn += 1) {
      await time.pass(500);
      if (feed.isReading) await feed.answer(String(turn));
    }
    expect(said.map(({ message }) => message)).toEqual([
      'Set it to noeviction.',
      'Set it to noeviction.',
    ]);
  });

  it('tells whether it leads, how old its last round is, and what it wrote', async () => {
    lead.leads = false;
    relay.start();
    await settle();
    const waiting = { isLeading: false, lastRoundAgeMs: null, logLength: null };
    expect(relay.status()).toEqual({ ...waiting, frames: 0, answers: 0, failures: 0 });

    lead.leads = true;
    await time.pass(500);
    await way.ask('0000000000000001 2000');
    await answer('1', 1);
    time.pause(30);
    const leading = { isLeading: true, lastRoundAgeMs: 30, logLength: 0 };
    expect(relay.status()).toEqual({ ...leading, frames: 1, answers: 0, failures: 0 });
    await time.pass(470);
    await answer('2', 2);
    expect(relay.status()).toMatchObject({ lastRoundAgeMs: 0, frames: 2, answers: 1 });

    lead.lose();
    await time.pass(500);
    expect(relay.status()).toMatchObject({ isLeading: false, logLength: null, frames: 2 });
  });

  it('does not count as a round what has failed', async () => {
    relay.start();
    await settle();
    time.pause(100);
    await feed.fail();
    const failed = { isLeading: false, lastRoundAgeMs: null, failures: 1 };
    expect(relay.status()).toMatchObject(failed);
    lead.fails = true;
    await time.pass(2000);
    expect(relay.status().failures).toBeGreaterThan(1);
  });

  it('does not count as a round what another relay was faster with', async () => {
    jest.spyOn(way, 'begin').mockResolvedValue(false);
    relay.start();
    await answer('1', 1);
    const slower = { isLeading: true, lastRoundAgeMs: null, frames: 0, failures: 0 };
    expect(relay.status()).toMatchObject(slower);
  });

  it('tells after its stop that it does not lead', async () => {
    relay.start();
    await answer('1', 1);
    expect(relay.status().isLeading).toBe(true);
    await relay.stop();
    expect(relay.status()).toMatchObject({ isLeading: false, failures: 0, frames: 1 });
  });

  it('stops, also in the middle of a round, and may be started again', async () => {
    relay.start();
    await settle();
    const stopped = relay.stop();
    void relay.stop();
    await stopped;
    expect(said).toEqual([]);
    expect(way.isListening).toBe(false);

    relay.start();
    await answer('1', 1);
    expect((await way.takeAsks()).last).not.toBeNull();
  });
});
