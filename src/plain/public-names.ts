/** What the entries of Express and Fastify have in common. */
export { AuditLog } from '../audit/audit-log';
export type { AuditPrinter } from '../audit/audit-log';
export type {
  AuditEvent,
  AuditEventName,
  AuditOutcome,
  RecordedAuditEvent,
  RequestSource,
} from '../audit/audit-event';
export { AuditTrail, UnstorableEventError } from '../audit/audit-trail';
export type { AuditPage, AuditQuery } from '../audit/audit-trail';
export {
  OutdatedInstanceError,
  RevocationError,
  StoreUnavailableError,
  TokenRejectedError,
} from '../revocation/errors';
export type { RevocationErrorCode, TokenRejection } from '../revocation/errors';
export type { Readiness } from '../revocation/readiness';
export { ANY_ISSUE_TIME } from '../revocation/revocation';
export type {
  CutoffOrder,
  CutoffScope,
  Revocation,
  RevocationScope,
} from '../revocation/revocation';
export { RevocationStore } from '../revocation/revocation-store';
export { BulkRevocation } from '../revocation/bulk-revocation';
export type { CommitPosition, Cut, HostTransaction } from '../revocation/unit-of-work';
export { RevokedTokensService } from '../revocation/revoked-tokens.service';
export type { RevokeOptions } from '../revocation/additions';
export type { Authentication, PresentedFor } from '../revocation/authentication';
export type { TokenExplanation } from '../revocation/token-explanation';
export type { RefusalPrinter } from '../revocation/refusal-log';
export { SessionsService } from '../sessions/sessions.service';
export type { SessionTokens } from '../sessions/session-issuance';
export type { EndOptions, OpenOptions } from '../sessions/sessions.service';
export type {
  ClaimsHook,
  RefreshKeyInput,
  SessionClaims,
  SessionOptions,
  SigningKeyInput,
} from '../sessions/session-options';
export type {
  IntrospectionCaller,
  IntrospectionOptions,
} from '../introspection/introspection-options';
export type { Session } from '../revocation/session-store';
export type { Algorithm } from '../tokens/keys/algorithms';
export type { Claims } from '../tokens/verification/claims';
export type { TokenIdentity } from '../tokens/identity';
export type { DescribedKey, KeyInput } from '../tokens/keys/keys';
export type { SubjectClaim } from '../tokens/verification/subject';
export type {
  CommonRules,
  IssuerRules,
  MultiIssuerRules,
  NamedIssuer,
  TokenRules,
} from '../tokens/verification/token-rules';
export type { RefreshClaim, RefreshTokenRules } from '../tokens/verification/refresh-token-rules';
export type { BackchannelRules } from '../tokens/logout-token/backchannel-rules';
export type { TokenUse } from '../tokens/verification/resolved-rules';
export type { Explanation } from '../tokens/explanation/explanation';
export type { RefusalCause } from '../tokens/verification/refusal-cause';
export type { Verification, VerifiedToken } from '../tokens/verification/token-verifier';
export type { TokenSource } from '../web/credentials';
export type { Answers, HostAnswer } from './answers';
export type { MultiIssuerRevocationOptions, RevocationOptions } from './revocation-options';
