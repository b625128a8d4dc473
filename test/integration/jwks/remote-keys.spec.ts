import { until } from '../../support/until';
import { ManualTime } from '../../unit/replica/manual-ports';
import { jwkOf, NEW, OLD, PublishedKeys } from './remote-keys-fixture';

const HOUR = 3600;

let world: PublishedKeys;
beforeEach(async () => {
  world = await PublishedKeys.start({ jwksStaleSeconds: 2 * HOUR });
});
afterEach(() => world.close());

describe('The keys that an issuer publishes', () => {
  it('are unknown before they are fetched, and known once that has ended', async () => {
    expect(world.verdictOn(OLD)).toBe('unknown');
    await world.open();
    expect([world.verdictOn(OLD), world.verdictOn(NEW)]).toEqual(['good', 'refused']);
  });

  const maxAge = (rest: string) => ({ 'Cache-Control': `public, max-age=${rest}` });
  it.each<[string, Record<string, string>, number]>([
    ['no age', {}, 300],
    ['an age of nothing', maxAge('0'), 300],
    ['no-cache', { 'Cache-Control': 'no-cache' }, 300],
    ['a minute', maxAge('60'), 300],
    ['ten minutes', maxAge('600, must-revalidate'), 600],
    ['an hour, half of it in a cache', { ...maxAge('3600'), Age: '1800' }, 1800],
    ['an hour, all of it in a cache', { ...maxAge('3600'), Age: '9000' }, 300],
    ['an age that is none', { ...maxAge('600'), Age: '9'.repeat(400) }, 600],
    ['a month', maxAge('2592000'), 86_400],
    ['more than there is', maxAge('9'.repeat(400)), 86_400],
  ])('are fetched again after their age, with %s', async (_what, headers, seconds) => {
    const patient = await PublishedKeys.start({ jwksStaleSeconds: 48 * HOUR });
    patient.publish([OLD], headers);
    await patient.open();
    await patient.pass(seconds - 1, 600);
    expect(patient.fetches).toBe(1);
    await patient.pass(1);
    expect(patient.fetches).toBe(2);
    await patient.close();
  });

  it('are fetched in time, where they would not hold for as long as their age', async () => {
    world.publish([OLD], { 'Cache-Control': 'max-age=86400' });
    await world.open();
    await world.pass(HOUR - 1, 600);
    expect(world.fetches).toBe(1);
    await world.pass(1);
    expect(world.fetches).toBe(2);
  });

  it('stay the same where the document does, so that tokens stay remembered', async () => {
    world.publish([OLD], { ETag: '"1"' });
    await world.open();
    const known = world.keys.current;
    await world.pass(300);
    world.publish([OLD]);
    await world.pass(300);
    expect(world.issuer.requests.map(({ headers }) => headers['if-none-match'])).toEqual([
      undefined,
      '"1"',
      '"1"',
    ]);
    expect(world.keys.current).toBe(known);
  });

  it('are replaced whole: a key that is gone is refused, a new one is good', async () => {
    await world.open();
    world.publish([OLD, NEW]);
    await world.pass(300);
    expect([world.verdictOn(OLD), world.verdictOn(NEW)]).toEqual(['good', 'good']);
    world.publish([NEW]);
    await world.pass(300);
    expect([world.verdictOn(OLD), world.verdictOn(NEW)]).toEqual(['refused', 'good']);
  });

  it('may all be gone', async () => {
    await world.open();
    world.publish([]);
    await world.pass(300);
    expect(world.verdictOn(OLD)).toBe('refused');
    expect(world.keys.current?.candidates('ES256', 'old')).toEqual([]);
    expect(world.keys.current?.candidates('RS256', 'old')).toBeUndefined();
  });

  it('are asked for without the ETag of another address', async () => {
    world.publish([OLD], { ETag: '"1"' });
    await world.open();
    world.url = `${world.url}/moved`;
    world.publish([NEW], { ETag: '"1"' });
    await world.pass(300);
    expect([world.verdictOn(OLD), world.verdictOn(NEW)]).toEqual(['refused', 'good']);
  });
});

describe('An issuer that cannot be reached', () => {
  it('is asked again after 1 s, then after twice as long each time, up to a minute', async () => {
    world.fail();
    await world.open();
    const waits: number[] = [];
    for (const expected of [1, 2, 4, 8, 16, 32, 60, 60]) {
      const before = world.fetches;
      await world.pass(expected - 0.5, 60);
      waits.push(world.fetches - before);
      await world.pass(0.5);
      waits.push(world.fetches - before);
    }
    expect(waits).toEqual(Array(8).fill([0, 1]).flat());
  });

  it('loses nothing within an hour, and asking it starts anew once it is back', async () => {
    await world.open();
    world.fail();
    await world.pass(HOUR);
    expect(world.verdictOn(OLD)).toBe('good');
    const failed = world.fetches;
    expect(failed).toBeLessThan(75);
    world.publish([NEW]);
    await until(async () => {
      await world.pass(1);
      return world.fetches > failed;
    });
    expect([world.verdictOn(OLD), world.verdictOn(NEW)]).toEqual(['refused', 'good']);
    world.fail();
    await world.pass(299);
    expect(world.fetches).toBe(failed + 1);
    await world.pass(1);
    expect(world.fetches).toBe(failed + 2);
    await world.pass(1);
    expect(world.fetches).toBe(failed + 3);
  });

  it('has its last keys for jwksStaleSeconds, then none until it answers', async () => {
    await world.open();
    world.fail();
    await world.pass(2 * HOUR - 1, 60);
    expect(world.verdictOn(OLD)).toBe('good');
    await world.pass(1);
    expect(world.verdictOn(OLD)).toBe('unknown');
    world.publish([OLD]);
    await world.pass(60);
    expect(world.verdictOn(OLD)).toBe('good');
  });

  it('has its keys for longer with each answer that they are the same', async () => {
    world.publish([OLD], { 'Cache-Control': `max-age=${HOUR}`, ETag: '"1"' });
    await world.open();
    await world.pass(HOUR, 600);
    world.fail();
    await world.pass(2 * HOUR - 1, 60);
    expect(world.verdictOn(OLD)).toBe('good');
  });

  it('is reported with the reason once a minute, and with what that means', async () => {
    await world.open();
    world.fail();
    await world.pass(300);
    expect(world.reports.map(({ message, cause }) => [message, cause])).toEqual([
      [
        'The keys of the issuer https://login.example could not be fetched. The last ones hold until ' +
          '2026-01-01T02:00:00.000Z (jwksStaleSeconds); then its tokens get 500.',
        new Error('The server answered 500.'),
      ],
    ]);
    await world.pass(HOUR);
    expect(world.reports.length).toBeGreaterThan(20);
    expect(world.reports.length).toBeLessThan(61);
  });

  it('is reported within a minute when its last keys have ended, and since when', async () => {
    await world.open();
    world.fail();
    await world.pass(2 * HOUR - 1, 60);
    expect(world.reports.every(({ message }) => message.includes(' hold until '))).toBe(true);
    world.reports.length = 0;
    await world.pass(61);
    expect(world.reports[0]?.message).toBe(
      'The keys of the issuer https://login.example could not be fetched. The last ones have ended ' +
        'at 2026-01-01T02:00:00.000Z (jwksStaleSeconds): its tokens get 500 until it answers.',
    );
  });

  it('is reported at once when its last keys have ended, where a token asks for them', async () => {
    await world.open();
    world.fail();
    await world.pass(2 * HOUR - 1, 7);
    world.reports.length = 0;
    world.time.pause(1000);
    await world.keys.refetch();
    expect(world.reports.map(({ message }) => message)).toEqual([
      expect.stringContaining(' have ended at '),
    ]);
  });

  it('is reported with the end by the time of day that is now, where that was set', async () => {
    await world.open();
    world.fail();
    world.time.wallMs -= 24 * HOUR * 1000;
    await world.pass(300);
    expect(world.reports[0]?.message).toContain('hold until 2025-12-31T02:00:00.000Z');
  });

  it('is reported once as back, with each failure that was reported', async () => {
    await world.open();
    await world.pass(900, 300);
    expect(world.recoveries).toEqual([]);
    const failOnce = async (): Promise<void> => {
      world.fail();
      await world.pass(300);
      world.publish([OLD]);
      await world.pass(900, 30);
    };
    await failOnce();
    await failOnce();
    const line =
      'The keys of the issuer https://login.example could be fetched again: its tokens are checked ' +
      'with them.';
    expect(world.recoveries).toEqual([line, line]);
  });

  it('is not reported as back after a failure that was not reported', async () => {
    world.fail();
    await world.open();
    world.publish([OLD]);
    await world.pass(31);
    world.fail();
    await world.keys.refetch();
    world.publish([OLD]);
    await world.pass(1);
    expect([world.reports.length, world.recoveries.length]).toEqual([1, 1]);
  });

  it('has keys whose age grows from its last answer on', async () => {
    world.fail();
    await world.open();
    expect(world.keys.ageMs).toBeNull();
    world.publish([OLD]);
    await world.pass(1);
    await world.pass(200);
    expect(world.keys.ageMs).toBe(200_000);
    await world.pass(100);
    expect(world.keys.ageMs).toBe(0);
    world.fail();
    await world.pass(3 * HOUR, 60);
    expect(world.keys.ageMs).toBe(3 * HOUR * 1000);
  });

  it('is reported where its keys were never known', async () => {
    world.fail();
    await world.open();
    expect(world.reports.map(({ message }) => message)).toEqual([
      'The keys of the issuer https://login.example could not be fetched. Its tokens get 500 until ' +
        'they are there.',
    ]);
  });

  it('is asked on, though the report throws', async () => {
    world.fail();
    const full = (): never => {
      throw new Error('log is full');
    };
    await world.keys.open({ onError: full, onRecovery: full });
    world.publish([OLD]);
    await world.pass(1);
    expect(world.verdictOn(OLD)).toBe('good');
    await world.pass(299);
    expect(world.fetches).toBe(2);
  });
});

describe('A document of an issuer that may not be used', () => {
  it.each<[string, unknown, RegExp]>([
    ['has a private key', { keys: [{ ...jwkOf(NEW), d: 'AAAA' }] }, /private/],
    ['has one kid twice', { keys: [jwkOf(NEW), jwkOf(NEW)] }, /same kid/],
    [
      'has 21 keys',
      { keys: Array.from({ length: 21 }, (_, kid) => ({ kid: `${kid}` })) },
      /21 keys/,
    ],
    ['is none', '<html>', /no JWK Set/],
    ['is longer than 64 KB', ' '.repeat(70_000), /64 KB/],
  ])('changes no key, is reported, and is asked for again: it %s', async (_what, bad, why) => {
    world.publish([OLD], { ETag: '"1"' });
    await world.open();
    world.issuer.serve(bad, { ETag: '"2"' });
    await world.pass(300);
    expect([world.verdictOn(OLD), world.verdictOn(NEW)]).toEqual(['good', 'refused']);
    expect(world.reports.map(({ cause }) => String(cause))).toEqual([expect.stringMatching(why)]);
    await world.pass(1);
    expect(world.issuer.requests.map(({ headers }) => headers['if-none-match'])).toEqual([
      undefined,
      '"1"',
      undefined,
    ]);
    world.publish([NEW]);
    await world.pass(2);
    expect([world.verdictOn(OLD), world.verdictOn(NEW)]).toEqual(['refused', 'good']);
  });
});

describe('New keys of an issuer', () => {
  it('are waited for where a key is not there, and then it is', async () => {
    await world.open();
    world.publish([OLD, NEW]);
    await world.keys.refetch();
    expect(world.verdictOn(NEW)).toBe('good');
  });

  it('are not asked for within 30 s of the last time, so no check waits', async () => {
    await world.open();
    await world.keys.refetch();
    expect(world.keys.refetch()).toBeUndefined();
    await world.pass(29.9);
    expect(world.keys.refetch()).toBeUndefined();
    await world.pass(0.1);
    await world.keys.refetch();
    expect(world.fetches).toBe(3);
  });

  it('cost one fetch in 30 s, whatever 10 000 tokens a second name', async () => {
    await world.open();
    const waits: Promise<void>[] = [];
    for (let second = 0; second < 60; second += 1) {
      for (let token = 0; token < 10_000; token += 1) waits.push(world.keys.refetch() ?? ended);
      await world.pass(1);
    }
    await Promise.all(waits);
    expect(world.fetches).toBe(1 + 2);
  });

  it('are waited for by 100 checks at a time, each for a second at most', async () => {
    await world.open();
    world.issuer.answer = () => undefined;
    const crowd = () => Array.from({ length: 10_000 }, () => world.keys.refetch() ?? []).flat();
    const first = crowd();
    expect(first).toHaveLength(100);
    await world.time.pass(999);
    expect(crowd()).toEqual([]);
    await world.time.pass(1);
    await Promise.all(first);
    expect(crowd()).toHaveLength(100);
    expect(world.fetches).toBe(1 + 1);
    await world.time.pass(1000);
  });

  it('are those of the fetch that is under way', async () => {
    const opened = world.open();
    await world.keys.refetch();
    expect(world.verdictOn(OLD)).toBe('good');
    await opened;
    expect(world.fetches).toBe(1);
  });

  it('leave the next fetch planned, also where they are asked for just as one ends', async () => {
    const time = new ManualTime();
    const hasty = await PublishedKeys.start({}, time);
    const after = time.after.bind(time);
    time.after = (delayMs, run) => {
      queueMicrotask(() => void hasty.keys.refetch());
      return after(delayMs, run);
    };
    await hasty.open();
    await hasty.pass(300);
    expect(hasty.fetches).toBe(2);
    await hasty.close();
  });

  it('are none where they fail, and then a check knows so at once', async () => {
    await world.open();
    world.fail();
    await world.keys.refetch();
    expect(world.keys.refetch()).toBeUndefined();
    expect(world.verdictOn(OLD)).toBe('good');
  });
});

describe('Whether the keys are those of now', () => {
  /** A fetch that was planned is under way: the issuer has made its answer, which comes with `end`. */
  const underWay = async (): Promise<{ readonly end: () => void }> => {
    const held: (() => void)[] = [];
    const keys = JSON.stringify({ keys: [jwkOf(OLD)] });
    world.issuer.answer = (response) => held.push(() => response.end(keys));
    await world.time.pass(300_000);
    await until(() => held.length === 1);
    return { end: () => held[0]?.() };
  };
  const cacheControls = (): unknown =>
    world.issuer.requests.map(({ headers }) => headers['cache-control']);

  it('says a fetch that caches on the way must ask the issuer for, as the planned ones need not', async () => {
    await world.open();
    world.publish([NEW]);
    expect(await world.keys.isCurrent('logout')).toBe(true);
    expect(world.verdictOn(NEW)).toBe('good');
    await world.pass(300);
    await world.keys.refetch();
    expect(cacheControls()).toEqual([undefined, 'no-cache', undefined, 'no-cache']);
  });

  it.each([
    ['0', true],
    ['1', false],
    ['120', false],
    ['soon', false],
  ])(
    'is not told by what a cache has had for a while: with Age: %s it is %s',
    async (Age, isCurrent) => {
      await world.open();
      world.publish([NEW], { Age });
      expect(await world.keys.isCurrent('logout')).toBe(isCurrent);
      expect(world.verdictOn(NEW)).toBe('good');
    },
  );

  it('is not told where a cache says where the keys are', async () => {
    await world.open();
    world.isLocatedByCache = true;
    expect(await world.keys.isCurrent('logout')).toBe(false);
  });

  it('is told by a fetch that has begun since, where one is under way', async () => {
    await world.open();
    const earlier = await underWay();
    world.publish([NEW]);
    const asked = world.keys.isCurrent('logout');
    earlier.end();
    expect(await asked).toBe(true);
    expect(world.verdictOn(NEW)).toBe('good');
    expect(await world.keys.isCurrent('logout')).toBe(false);
    expect(world.fetches).toBe(3);
  });

  it('is asked once by all that ask while a fetch is under way', async () => {
    await world.open();
    const earlier = await underWay();
    world.publish([NEW]);
    const asked = Array.from({ length: 100 }, () => world.keys.isCurrent('logout'));
    earlier.end();
    expect(new Set(await Promise.all(asked))).toEqual(new Set([true]));
    expect(world.fetches).toBe(3);
  });

  it('is not told within 30 s of the last question, and what is under way then is waited for', async () => {
    await world.open();
    world.publish([NEW]);
    const first = world.keys.isCurrent('logout');
    expect(await world.keys.isCurrent('logout')).toBe(false);
    expect(world.verdictOn(NEW)).toBe('good');
    expect(await first).toBe(true);
    expect(await world.keys.isCurrent('logout')).toBe(false);
    expect(world.fetches).toBe(2);
  });

  it('costs one fetch in 30 s, whatever 10 000 questions a second there are', async () => {
    await world.open();
    const asked: Promise<boolean>[] = [];
    for (let second = 0; second < 60; second += 1) {
      for (let count = 0; count < 10_000; count += 1) asked.push(world.keys.isCurrent('logout'));
      await world.pass(1);
    }
    await Promise.all(asked);
    expect(world.fetches).toBe(1 + 2);
  });

  it('costs one fetch in 30 s for each kind of token, none of which uses up what the others need', async () => {
    await world.open();
    await world.keys.refetch();
    const revocations = [
      await world.keys.isCurrent('revocation'),
      await world.keys.isCurrent('revocation'),
    ];
    expect(revocations).toEqual([true, false]);
    expect(await world.keys.isCurrent('logout')).toBe(true);
    expect(world.fetches).toBe(1 + 3);
  });

  it('is not known after 5 s without an answer', async () => {
    await world.open();
    world.issuer.answer = () => undefined;
    const asked = [world.keys.isCurrent('logout'), world.keys.isCurrent('logout')];
    await world.time.pass(4999);
    expect(world.time.pending).toBe(2);
    await world.time.pass(1);
    expect(world.time.pending).toBe(0);
    expect(await Promise.all(asked)).toEqual([false, false]);
  });

  it('is waited for by 100 at a time', async () => {
    await world.open();
    world.issuer.answer = () => undefined;
    const asked = Array.from({ length: 100 }, () => world.keys.isCurrent('logout'));
    expect(await world.keys.isCurrent('logout')).toBe(false);
    expect(world.time.pending).toBe(100);
    await world.time.pass(5000);
    await Promise.all(asked);
  });

  it('is not asked before they are fetched at all, nor once all is closed', async () => {
    expect(await world.keys.isCurrent('logout')).toBe(false);
    expect(world.fetches).toBe(0);
    await world.open();
    world.keys.close();
    expect(await world.keys.isCurrent('logout')).toBe(false);
    expect(world.fetches).toBe(1);
  });

  it('is asked no more where all is closed while a fetch is under way', async () => {
    await world.open();
    await underWay();
    const asked = world.keys.isCurrent('logout');
    world.keys.close();
    expect(await asked).toBe(false);
    expect(world.fetches).toBe(2);
  });

  it('is not told by the fetch of an opening that began before, where all was closed meanwhile', async () => {
    await world.open();
    await underWay();
    const earlier = world.keys.isCurrent('logout');
    world.keys.close();
    world.publish([OLD]);
    const opened = world.open();
    const asked = world.keys.isCurrent('logout');
    await Promise.all([opened, earlier]);
    expect(await asked).toBe(false);
  });

  it('is not told by an issuer that does not answer', async () => {
    await world.open();
    world.fail();
    expect(await world.keys.isCurrent('logout')).toBe(false);
  });

  it('is told where the keys are now, as it is for new keys: they may have moved', async () => {
    await world.open();
    world.url = `${world.url}/moved`;
    await world.keys.refetch();
    expect(world.issuer.requests.map(({ url }) => url)).toEqual(['/jwks', '/jwks/moved']);
  });
});

describe('The time of day', () => {
  it('may be set back: keys that are not confirmed end all the same', async () => {
    await world.open();
    world.fail();
    world.time.wallMs -= 365 * 24 * HOUR * 1000;
    await world.pass(2 * HOUR, 60);
    expect(world.verdictOn(OLD)).toBe('unknown');
  });

  it('may be set forward: then the keys are asked for before a token is accepted', async () => {
    await world.open();
    world.time.wallMs += 24 * HOUR * 1000;
    expect(world.verdictOn(OLD)).toBe('unknown');
    await world.keys.refetch();
    expect(world.verdictOn(OLD)).toBe('good');
  });
});

describe('Closing', () => {
  it('ends all fetches, and does so once more', async () => {
    await world.open();
    world.keys.close();
    world.keys.close();
    await world.time.pass(86_000_000);
    expect([world.fetches, world.time.pending]).toEqual([1, 0]);
    expect(world.keys.refetch()).toBeUndefined();
  });

  it('ends a fetch that is under way: nothing keeps the process', async () => {
    world.issuer.answer = () => undefined;
    const opened = world.open();
    await until(() => world.fetches === 1);
    world.keys.close();
    // Sooner than by the 5 s that a fetch may take.
    await until(async () => (await world.issuer.connections()) === 0, { withinMs: 3000 });
    await opened;
  });

  it('plans nothing and reports nothing where a fetch is under way', async () => {
    world.fail();
    const opened = world.open();
    world.keys.close();
    await opened;
    expect([world.time.pending, world.reports]).toEqual([0, []]);
  });

  it('can be taken back, and to open twice is to open once', async () => {
    const first = world.open();
    world.keys.close();
    await Promise.all([first, world.open(), world.open()]);
    await world.pass(300);
    expect([world.fetches, world.time.pending]).toEqual([2, 1]);
  });
});

const ended = Promise.resolve();
