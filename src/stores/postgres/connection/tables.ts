import { SchemaNames } from '../../../../migrations/schema-names';

/** The full names of our tables and functions, so that `search_path` has no effect on them. */
export class Tables extends SchemaNames {
  readonly revokedTokens = this.qualify('revoked_tokens');
  readonly authEvents = this.qualify('auth_events');
  readonly authSessions = this.qualify('auth_sessions');
  /** The function that looks up keys. */
  readonly revokedCutoffs = this.qualify('revoked_cutoffs');
  /** The function that tells all that is live, in ranges. */
  readonly liveRevocations = this.qualify('live_revocations');
  /** The function that tells what was added lately, for those that follow it. */
  readonly readRevocationLog = this.qualify('read_revocation_log');
  readonly replicaInstances = this.qualify('replica_instances');
}
