import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { transcriptOf } from './transcript';
import { TRANSCRIPTS } from './transcript-scripts';

const FOLDER = join(__dirname, '../../../docs/lease');
const isUpdate = process.env['UPDATE_TRANSCRIPTS'] === '1';

const fileOf = (name: string): string => join(FOLDER, `${name}.txt`);

/** UPDATE_TRANSCRIPTS=1 npx jest transcripts.spec writes them anew. */
describe('The transcripts in docs/lease are what the replica does', () => {
  it.each(TRANSCRIPTS.map((transcript) => [transcript.name, transcript] as const))(
    '%s',
    async (name, transcript) => {
      const text = await transcriptOf(transcript);
      if (isUpdate) writeFileSync(fileOf(name), text);
      expect(text).toBe(readFileSync(fileOf(name), 'utf8'));
    },
  );

  it('and there is no other file', () => {
    const files = readdirSync(FOLDER).filter((file) => file.endsWith('.txt'));
    expect(files.sort()).toEqual(TRANSCRIPTS.map(({ name }) => `${name}.txt`));
  });
});
