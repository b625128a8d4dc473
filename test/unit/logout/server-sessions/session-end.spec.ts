import { sessionEnd } from '../../../../src/logout/server-sessions/session-end';

const NOW = Date.UTC(2026, 4, 17, 10, 30);
const at = (days: number, ms = 0): Date => new Date(NOW + days * 86_400_000 + ms);

describe('An ended session is refused', () => {
  it.each<[string, unknown]>([
    ['is none', undefined],
    ['is null', null],
    ['ends with the browser', { expires: null, originalMaxAge: null }],
    ['ends sooner', { expires: at(0, 1), originalMaxAge: 1 }],
    ['ends in a day to the millisecond', { expires: at(1), originalMaxAge: 86_400_000 }],
    ['has no readable end', { expires: new Date(NaN), originalMaxAge: 'long' }],
    ['ended already', { expires: at(-1), originalMaxAge: null }],
  ])('for a day when its cookie %s', (_, cookie) => {
    expect(sessionEnd(cookie, NOW)).toEqual(at(1));
  });

  it.each<[string, unknown]>([
    ['expires', { expires: at(7), originalMaxAge: null }],
    ['would expire after one more request', { expires: at(2), originalMaxAge: 7 * 86_400_000 }],
  ])('until the day is over on which its cookie %s', (_, cookie) => {
    expect(sessionEnd(cookie, NOW)).toEqual(new Date(Date.UTC(2026, 4, 25)));
  });

  it('to the end of its cookie where that is the end of a day', () => {
    const midnight = new Date(Date.UTC(2026, 4, 25));
    expect(sessionEnd({ expires: midnight }, NOW)).toEqual(midnight);
  });

  it('until the next day is over when its cookie outlives a day by a millisecond', () => {
    expect(sessionEnd({ expires: at(1, 1) }, NOW)).toEqual(new Date(Date.UTC(2026, 4, 19)));
  });

  it.each<[string, unknown]>([
    ['expires in the year 9999', { expires: new Date(Date.UTC(9999, 11, 31)) }],
    ['lasts for ever', { originalMaxAge: Infinity }],
  ])('for 400 days when its cookie %s', (_, cookie) => {
    expect(sessionEnd(cookie, NOW)).toEqual(new Date(Date.UTC(2027, 5, 22)));
  });
});
