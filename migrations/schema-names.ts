/** The schema of our tables, unless the option `schema` says otherwise. */
export const DEFAULT_SCHEMA = 'nestjs_logout';

/** The full names of what is in a schema, so that no `search_path` has an effect on them. */
export class SchemaNames {
  readonly quotedSchema: string;

  constructor(readonly schema: string) {
    this.quotedSchema = quoteName(schema);
  }

  qualify(name: string): string {
    return `${this.quotedSchema}.${quoteName(name)}`;
  }
}

const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** As an SQL literal. */
export const quoteText = (text: string): string => `'${text.replaceAll("'", "''")}'`;
