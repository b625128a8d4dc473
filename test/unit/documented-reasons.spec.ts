import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { REFUSAL_REASONS } from '../../src/audit/reasons';

const page = readFileSync(join(__dirname, '..', '..', 'docs', 'why-401.md'), 'utf8');

describe('docs/why-401.md', () => {
  const explained = REFUSAL_REASONS.filter(
    // The page says so of the first, and the second are no 401.
    (reason) =>
      !(reason.startsWith('body_token_') && reason !== 'body_token_missing') &&
      !['store_unavailable', 'issuer_unavailable', 'internal_error'].includes(reason),
  );

  it.each(explained)('has a line for %s', (reason) => {
    expect(page).toMatch(new RegExp(`^\\|.*\`${reason}\``, 'm'));
  });
});
