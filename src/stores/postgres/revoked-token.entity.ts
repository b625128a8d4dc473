import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { RevocationScope } from '../../revocation/revocation';

/**
 * A row of `revoked_tokens`, to read. Rows are added by the store alone, never changed, and purged
 * with their partition. A host's `synchronize` leaves the table alone.
 */
@Entity({ name: 'revoked_tokens', synchronize: false })
export class RevokedToken {
  /** A SHA-256, 32 bytes. */
  @PrimaryColumn({ type: 'bytea' })
  declare readonly key: Buffer;

  /** `Infinity` where tokens of every age are covered. */
  @PrimaryColumn({ name: 'issued_before', type: 'timestamptz' })
  declare readonly issuedBefore: Date | number;

  @PrimaryColumn({ name: 'expires_at', type: 'timestamptz' })
  declare readonly expiresAt: Date;

  @Column({ type: 'text' })
  declare readonly scope: RevocationScope;

  /** By the database's clock. */
  @Column({ name: 'revoked_at', type: 'timestamptz' })
  declare readonly revokedAt: Date;

  @Column({ type: 'text', nullable: true })
  declare readonly issuer: string | null;

  @Column({ type: 'text', nullable: true })
  declare readonly subject: string | null;

  @Column({ name: 'token_id', type: 'text', nullable: true })
  declare readonly tokenId: string | null;

  @Column({ name: 'session_id', type: 'text', nullable: true })
  declare readonly sessionId: string | null;

  @Column({ name: 'client_id', type: 'text', nullable: true })
  declare readonly clientId: string | null;

  @Column({ type: 'text', nullable: true })
  declare readonly reason: string | null;

  @Column({ type: 'text', nullable: true })
  declare readonly actor: string | null;
}
