import type { DataSource } from 'typeorm';

/** The full names of our tables and functions, so that `search_path` has no effect on them. */
export class Tables {
  readonly revokedTokens: string;
  readonly authEvents: string;
  /** The function that looks up keys. */
  readonly revokedCutoffs: string;
  /** The function that tells what is new since a snapshot. */
  readonly revokedSince: string;
  readonly replicaInstances: string;

  constructor(readonly schema: string) {
    this.revokedTokens = this.qualify('revoked_tokens');
    this.authEvents = this.qualify('auth_events');
    this.revokedCutoffs = this.qualify('revoked_cutoffs');
    this.revokedSince = this.qualify('revoked_since');
    this.replicaInstances = this.qualify('replica_instances');
  }

  /** In the schema that the data source names, or else the first one of its `search_path`. */
  static of(source: DataSource): Tables {
    const { schema } = source.driver;
    // Null, too, where the search_path leads nowhere, whatever its type says.
    if (schema) return new Tables(schema);
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

/** As an SQL literal. */
export const quoteText = (text: string): string => `'${text.replaceAll("'", "''")}'`;
