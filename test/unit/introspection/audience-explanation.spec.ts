import { explainAudiences } from '../../../src/introspection/audience-explanation';

const known = new Set(['https://billing.example', 'https://b.example']);

describe('Why a caller is told nothing of a live token', () => {
  it('names the audiences of both, and what to change', () => {
    expect(explainAudiences(['https://orders.example'], known)).toBe(
      'The token is live and for "https://orders.example" (aud), and the caller has ' +
        '"https://billing.example", "https://b.example" (audiences). Add one of the token to those ' +
        'of the caller, if it may be told of such tokens; or send it a token that is for one of its own.',
    );
  });

  it('says that the token names none', () => {
    expect(explainAudiences([], known)).toMatch(
      /^The token is live and names no audience \(aud\), .* Sign tokens with aud; or .* audiences: null/,
    );
  });

  it('shows five names at most, and of each 100 characters', () => {
    const names = Array.from({ length: 9 }, (_, at) => `${at}`.repeat(200));
    const shown = names.slice(0, 5).map((name) => `"${name.slice(0, 100)}…"`);
    expect(explainAudiences(names, known)).toContain(
      `and for ${shown.join(', ')} and 4 more (aud)`,
    );
  });
});
