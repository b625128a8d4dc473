import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { optionsPage } from '../../../scripts/options-page';

describe('docs/options.md', () => {
  it('is what the tables say; npm run docs:options writes it', () => {
    const file = join(__dirname, '..', '..', '..', 'docs', 'options.md');
    expect(readFileSync(file, 'utf8')).toBe(optionsPage());
  });
});
