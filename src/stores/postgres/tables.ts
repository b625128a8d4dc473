import type { DataSource } from 'typeorm';

/** The full names of our tables, so that nobody's `search_path` can lead us elsewhere. */
export class Tables {
  readonly revokedTokens: string;
  readonly authEvents: string;

  constructor(readonly schema: string) {
    this.revokedTokens = this.qualify('revoked_tokens');
    this.authEvents = this.qualify('auth_events');
  }

  /** In the schema that the data source names, or else the first one of its `search_path`. */
  static of(source: DataSource): Tables {
    const { schema } = source.driver;
    if (schema !== undefined) return new Tables(schema);
    throw new TypeError(
      'nestjs-logout: the database role has no schema to create tables in; ' +
        'set "schema" on the DataSource or the role\'s search_path.',
    );
  }

  qualify(name: string): string {
    return `${quoteName(this.schema)}.${quoteName(name)}`;
  }
}

const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`;
