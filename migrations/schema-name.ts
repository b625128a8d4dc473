import type { DataSource } from 'typeorm';

/** The name that a query runner's data source has in TypeORM 0.3 and 1 alike. */
interface Connected {
  readonly connection: DataSource;
}

/** The name in the data source's own schema, whatever the `search_path` is meanwhile. */
export function qualified({ connection }: Connected, name: string): string {
  const { schema } = connection.driver;
  return schema === undefined ? quoted(name) : `${quoted(schema)}.${quoted(name)}`;
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
