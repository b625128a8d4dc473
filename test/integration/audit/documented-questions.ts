import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { withClient, type TestDatabase } from '../../support/database';

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
export const FOR_OWNERS = [
  'Who may read it?',
  'How are old days removed?',
  'How is a person erased?',
];

/**
 * The answer to the question, in a session whose search_path does not lead to our tables.
 * @param edited what a reader changes in the SQL.
 */
export const answerTo = (
  { url }: TestDatabase,
  heading: string,
  edited: (sql: string) => string = (sql) => sql,
): Promise<Record<string, unknown>[]> =>
  withClient(`${url}?options=-c%20search_path%3Dpublic`, async (client) => {
    const sql = documentedQuestions().get(heading) ?? `no question "${heading}" in the document`;
    const { rows } = await client.query<Record<string, unknown>>(edited(sql));
    return rows;
  });
