import { TemplateValues } from './template-values';
import {
  appliesTo,
  checked,
  type HostileCase,
  runsIn,
  readCases,
  type RunName,
} from './hostile-case';
import { findProperty } from './properties/find-property';
import { timesOf, variantsOf } from './replay';
import { acceptableStatuses } from './required-status';
import { RUN_ALGORITHMS, Signer } from './signing';
import { stepFor } from './steps';
import { composeJson, renderBody, renderLine } from './templates';
import type { TokenRecipe } from './token-recipe';
import type { WireRequest } from './wire';

const signer = new Signer();
const tools = {
  algorithm: 'ES256',
  issuer: signer,
  attacker: new Signer(),
  canaryUrl: 'http://canary',
  remember: () => undefined,
  mint: () => 'aGVhZA.cGF5.c2ln',
  revoke: () => Promise.resolve(),
  isAccepted: () => Promise.resolve(false),
} as const;

const valuesOf = (recipes: Readonly<Record<string, TokenRecipe>> = {}): TemplateValues =>
  new TemplateValues(tools, recipes);
const template: HostileCase = {
  id: 'TEST-01',
  area: 'TEST',
  title: 'a case of this test',
  why: '',
  issue: 'A',
  request: { method: 'GET', path: '/' },
  expect: { status: [200] },
};
const RUNS: readonly RunName[] = (['express', 'fastify'] as const).flatMap((platform) =>
  RUN_ALGORITHMS.map((algorithm) => ({ platform, algorithm })),
);

describe('The harness fails a case, loudly, over', () => {
  const unknownKey = { t: { payload: {}, header: {}, key: 'unknown' } };

  it.each([
    ['a template that it does not know', '{{valid_tokken}}', 'Unknown template: {{valid_tokken}}'],
    ['a pipe that it does not know', '{{valid_token|upside_down}}', 'Unknown pipe: "upside_down"'],
    ['a template that is not closed', '{{valid_token', 'A template is not closed'],
    ['a key of a token that it does not know', '{{t}}', 'Unknown key of a token: "unknown"'],
  ])('%s', async (_, text, message) => {
    await expect(renderBody(text, valuesOf(unknownKey).evaluate)).rejects.toThrow(message);
  });

  it.each([
    ['a property', () => findProperty('pigs fly'), 'Unknown property: "pigs fly"'],
    [
      'a property of several',
      () => findProperty('never 500; pigs fly'),
      'Unknown property: "never 500; pigs fly"',
    ],
    ['a step of a setup', () => stepFor('dance'), 'Unknown step of a setup: "dance"'],
    [
      'a member of a case',
      () => checked({ ...template, ...{ colour: 'red' } }),
      'TEST-01: unknown member "colour"',
    ],
    [
      'whom a case applies to',
      () =>
        appliesTo(
          { ...template, applies_to: 'XS256' },
          { platform: 'express', algorithm: 'HS256' },
        ),
      'TEST-01: applies_to names no algorithm: "XS256"',
    ],
    [
      'a number of repetitions',
      () => timesOf({ ...template, repeat: 'often+1' }),
      'Unknown number of repetitions: "often"',
    ],
  ])('%s that it does not know', (_, act, message) => {
    expect(act).toThrow(message);
  });
});

describe('Every case of issue A', () => {
  it('runs on each platform that it applies to', () => {
    const onPlatforms = (isIn: typeof appliesTo, each: HostileCase): string[] => [
      ...new Set(RUNS.filter((run) => isIn(each, run)).map(({ platform }) => platform)),
    ];
    for (const each of readCases('A')) {
      expect(onPlatforms(runsIn, each)).toEqual(onPlatforms(appliesTo, each));
      expect(onPlatforms(runsIn, each)).not.toEqual([]);
    }
  });

  it.each([
    ['about tokens with every algorithm that it applies to', 'JWT', undefined, 6],
    ['about tokens with no other', 'MAL', 'ES*', 2],
    ['about requests with one algorithm', 'BODY', undefined, 2],
    ['about requests with one that it applies to', 'DOS', 'asymmetric', 2],
    ['of an area that is new here with all of them', 'NEW', undefined, 6],
  ])('runs, if it is %s', (_, area, applies_to, times) => {
    const runs = RUNS.filter((run) => runsIn({ ...template, area, applies_to }, run));
    expect(runs).toHaveLength(times);
  });

  it('has an id of its own', () => {
    const ids = readCases('A').map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('A template', () => {
  it.each([
    ['{{repeat:ab:3}}', 'ababab'],
    ['{{nest:[:3}}', '[[[]]]'],
    ['{{nest:{:2}}', '{"a":{"a":1}}'],
    ['{"token":"x",{{flat_keys:2}}}', '{"token":"x","k0":0,"k1":1}'],
    ['{{flat_keys:1}}', '{"k0":0}'],
    ['{"token":"{{lone_surrogate}}"}', '{"token":"\\ud800"}'],
    ['{{raw:{"a":{"b":1}}}}', '{"a":{"b":1}}'],
    ['{{raw:[1,}}', '[1,'],
    ['{{bytes:4142}}', 'AB'],
    ['{"token":{{valid_token}}}', '{"token":aGVhZA.cGF5.c2ln}'],
    ['{{valid_token|append:=}}', 'aGVhZA.cGF5.c2ln='],
    ['{{valid_token|tamper_signature}}', 'aGVhZA.cGF5.A2ln'],
    ['{{valid_token|insert_space_in_signature}}', 'aGVhZA.cGF5.c2 ln'],
  ])('%s becomes what it says', async (text, expected) => {
    expect((await renderBody(text, valuesOf().evaluate)).toString()).toBe(expected);
  });

  it('stands for one and the same token throughout a case', async () => {
    const values = new TemplateValues({ ...tools, mint: () => String(Math.random()) }, {});
    const [first, second] = [await values.text('valid_token'), await values.text('valid_token')];
    expect(first).toBe(second);
  });

  it('is a number where a claim is one, and a text where that is asked for', async () => {
    const claims = await composeJson({ exp: '{{now+5}}', iat: '{{str:now}}' }, valuesOf().evaluate);
    expect(JSON.parse(claims.toString())).toEqual({
      exp: expect.any(Number) as unknown,
      iat: expect.stringMatching(/^\d+$/) as unknown,
    });
  });

  it('leaves out what a recipe sets to null', async () => {
    const recipe = { $base: '{{valid_claims}}', exp: null, sub: 'x' };
    const claims = JSON.parse(
      (await composeJson(recipe, valuesOf().evaluate)).toString(),
    ) as object;
    expect(claims).toMatchObject({ sub: 'x', iss: 'https://login.example' });
    expect(claims).not.toHaveProperty('exp');
  });

  it('is byte for byte what it stands for in a header', async () => {
    expect(await renderLine('a{{bytes:00ff}}b', valuesOf().evaluate)).toBe('a\0\xffb');
  });
});

describe('A case', () => {
  it('runs once for every combination of its variants', () => {
    expect(variantsOf({ ...template, variants: { v: ['a', 'b'], w: ['c'] } })).toEqual([
      { v: 'a', w: 'c' },
      { v: 'b', w: 'c' },
    ]);
  });

  it.each([
    [3, 3],
    ['limit+1', 11],
    ['limit*instances+1', 21],
  ])('that repeats itself %s times is sent %i times', (repeat, times) => {
    expect(timesOf({ ...template, repeat, instances: 2 })).toBe(times);
  });
});

describe('Where the contract is stricter than a case, it wins:', () => {
  const request = (change: Partial<WireRequest>): WireRequest => ({
    method: 'POST',
    path: '/api/v1/auth/logout',
    headers: [['Content-Type', 'application/json']],
    body: Buffer.from('{"token":"x"}'),
    ...change,
  });
  const form = [['Content-Type', 'application/x-www-form-urlencoded']] as const;
  const charset = [['Content-Type', 'application/json; charset=utf-16']] as const;

  it.each([
    ['a readable body earns no 400', {}, [400, 401], [401]],
    ['nor is a readable body with a bad token anything but 401', {}, [400], [401]],
    ['unreadable JSON is 400', { body: Buffer.from('{') }, [400, 401], [400]],
    ['a form is 415', { headers: form }, [401, 403, 415], [415]],
    ['another charset is 415', { headers: charset }, [400, 415], [415]],
    ['too large is 413', { body: Buffer.alloc(16_385, ' ') }, [400, 413], [413]],
    ['16 KB are not too large', { body: Buffer.alloc(16_384, ' ') }, [400], [400]],
    ['another method is 405', { method: 'PUT' }, [404, 405], [405]],
    ['the throttle comes before the body', { body: Buffer.from('{') }, [429], [429]],
    [
      'other paths are not its concern',
      { path: '/metrics', method: 'GET' },
      [200, 404],
      [200, 404],
    ],
  ])('%s', (_, change, listed, acceptable) => {
    expect(acceptableStatuses(request(change), listed)).toEqual(acceptable);
  });
});
