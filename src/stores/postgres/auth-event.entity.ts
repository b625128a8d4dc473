import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { AuditEventName, AuditOutcome } from '../../audit/audit-event';
import type { RevocationScope } from '../../revocation/revocation';

/**
 * A row of `auth_events`, to read. The table refuses updates, deletes and truncation. A host's
 * `synchronize` leaves it alone.
 */
@Entity({ name: 'auth_events', synchronize: false })
export class AuthEvent {
  /** By the database's clock. */
  @PrimaryColumn({ name: 'occurred_at', type: 'timestamptz' })
  declare readonly occurredAt: Date;

  @PrimaryColumn({ type: 'uuid' })
  declare readonly id: string;

  @Column({ type: 'text' })
  declare readonly event: AuditEventName;

  @Column({ type: 'text' })
  declare readonly outcome: AuditOutcome;

  @Column({ type: 'text', nullable: true })
  declare readonly scope: RevocationScope | null;

  @Column({ type: 'text', nullable: true })
  declare readonly issuer: string | null;

  @Column({ type: 'text', nullable: true })
  declare readonly subject: string | null;

  @Column({ type: 'text', nullable: true })
  declare readonly actor: string | null;

  @Column({ name: 'token_id', type: 'text', nullable: true })
  declare readonly tokenId: string | null;

  @Column({ name: 'session_id', type: 'text', nullable: true })
  declare readonly sessionId: string | null;

  @Column({ name: 'token_fingerprint', type: 'text', nullable: true })
  declare readonly tokenFingerprint: string | null;

  @Column({ type: 'inet', nullable: true })
  declare readonly ip: string | null;

  @Column({ name: 'user_agent', type: 'text', nullable: true })
  declare readonly userAgent: string | null;

  @Column({ name: 'request_id', type: 'text', nullable: true })
  declare readonly requestId: string | null;

  @Column({ type: 'text', nullable: true })
  declare readonly reason: string | null;

  @Column({ type: 'jsonb', nullable: true })
  declare readonly detail: Record<string, unknown> | null;
}
