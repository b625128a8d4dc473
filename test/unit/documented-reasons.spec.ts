import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { REFUSAL_REASONS } from '../../src/audit/reasons';

const pageOf = (name: string): string =>
  readFileSync(join(__dirname, '..', '..', 'docs', name), 'utf8');
const hasLine = (page: string, reason: string): boolean =>
  new RegExp(`^\\|.*\`${reason}\``, 'm').test(page);

describe('docs/why-401.md', () => {
  const explained = REFUSAL_REASONS.filter(
    // The page says so of the first, and the others are no 401.
    (reason) =>
      !reason.startsWith('logout_token_') &&
      !(reason.startsWith('body_token_') && reason !== 'body_token_missing') &&
      !['store_unavailable', 'issuer_unavailable', 'internal_error'].includes(reason),
  );

  it.each(explained)('has a line for %s', (reason) => {
    expect(hasLine(pageOf('why-401.md'), reason)).toBe(true);
  });
});

describe('docs/backchannel-logout.md', () => {
  it.each(REFUSAL_REASONS.filter((reason) => reason.startsWith('logout_token_')))(
    'has a line for %s',
    (reason) => {
      expect(hasLine(pageOf('backchannel-logout.md'), reason)).toBe(true);
    },
  );
});
