import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { transcriptOf } from './transcript';
import { SCENES } from './transcript-scenes';

const FOLDER = join(__dirname, '../../../docs/lease');
const isUpdate = process.env['UPDATE_TRANSCRIPTS'] === '1';

const fileOf = (name: string): string => join(FOLDER, `${name}.txt`);

/** UPDATE_TRANSCRIPTS=1 npx jest transcripts.spec writes them anew. */
describe('The transcripts in docs/lease are what the replica does', () => {
  it.each(SCENES.map((scene) => [scene.name, scene] as const))('%s', async (name, scene) => {
    const transcript = await transcriptOf(scene);
    if (isUpdate) writeFileSync(fileOf(name), transcript);
    expect(transcript).toBe(readFileSync(fileOf(name), 'utf8'));
  });

  it('and there is none without its scene', () => {
    const files = readdirSync(FOLDER).filter((file) => file.endsWith('.txt'));
    expect(files.sort()).toEqual(SCENES.map(({ name }) => `${name}.txt`));
  });
});
