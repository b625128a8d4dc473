import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const PAGE = join(__dirname, '../../../docs/operations.md');

/** The SQL of the section on roles, to the letter: what makes them, and what grants them rights. */
export function documentedRoles(): { readonly roles: string; readonly grants: string } {
  const section = readFileSync(PAGE, 'utf8').split('\n## Roles\n')[1]!.split('\n## ')[0]!;
  const [roles, grants, ...others] = [...section.matchAll(/^```sql\n([^]*?)^```$/gm)].map(
    ([, sql]) => sql!,
  );
  if (roles === undefined || grants === undefined || others.length > 0)
    throw new Error('The section on roles has another number of SQL blocks than two.');
  return { roles, grants };
}
