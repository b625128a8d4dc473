import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const DOCUMENT = join(__dirname, '../../../docs/audit.md');
const HEADING_AND_SQL = /^### (?<heading>.+)$(?:(?!^#|^```)[^])*^```sql\n(?<sql>[^]*?)^```$/gm;

/** The SQL of docs/audit.md to the letter, under the heading that it answers. */
export function documentedQuestions(): ReadonlyMap<string, string> {
  const blocks = [...documentedText().matchAll(HEADING_AND_SQL)];
  return new Map(blocks.map(({ groups }) => [groups!['heading']!, groups!['sql']!]));
}

export const documentedText = (): string => readFileSync(DOCUMENT, 'utf8');

/** How many blocks of SQL there are, whether under a heading of their own or not. */
export const documentedBlocks = (): number => documentedText().split('```sql\n').length - 1;

/** Those that change something, and so are not for auditors. */
export const FOR_OWNERS = ['Who may read it?', 'How is an old month removed?'];
