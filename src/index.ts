/** `nestjs-logout`: the Nest module. Every public name, one by one. */
import './nest/required-packages'; // before all that loads them
export { AuthModule, AuthModule as LogoutModule } from './nest/auth.module';
export type {
  AuthModuleOptions,
  AuthModuleOptions as LogoutModuleOptions,
  ModuleExtras,
  MultiIssuerOptions,
  SiteData,
} from './nest/auth.options';
export { AuditLog } from './audit/audit-log';
export type {
  AuditEvent,
  AuditEventName,
  AuditOutcome,
  RecordedAuditEvent,
  RequestSource,
} from './audit/audit-event';
export { AuditTrail, UnstorableEventError } from './audit/audit-trail';
export type { AuditPage, AuditQuery } from './audit/audit-trail';
export { LogoutAnswers } from './web/answers';
export type { Answer, Envelope, Messages } from './web/answers';
export type { ExpiringCookie } from './web/cookies';
export type { TokenSource } from './web/credentials';
export { CurrentToken } from './nest/current-token.decorator';
export { CurrentUser } from './nest/current-user.decorator';
export { JwtAuthGuard, JwtAuthGuard as LogoutGuard } from './nest/jwt-auth.guard';
export { JwtStrategy } from './nest/jwt.strategy';
export { LogoutController } from './nest/logout.controller';
export { LogoutDto } from './nest/logout.dto';
export { LogoutExceptionFilter } from './nest/logout-exception.filter';
export { LogoutThrottlerGuard } from './nest/logout-throttler.guard';
export type { ThrottlerStorage } from './nest/throttler-storage';
export { Public } from './nest/public.decorator';
export type { MetadataKey } from './nest/public.decorator';
export type { PlatformRequest } from './web/request';
export type { ValidateHook } from './web/request-authenticator';
export {
  OutdatedInstanceError,
  RevocationError,
  StoreUnavailableError,
  TokenRejectedError,
} from './revocation/errors';
export type { RevocationErrorCode, TokenRejection } from './revocation/errors';
export type { Readiness } from './revocation/readiness';
export type {
  LiveRevocation,
  RevocationPage,
  RevocationSearch,
} from './revocation/live-revocations';
export { ANY_ISSUE_TIME } from './revocation/revocation';
export type {
  CutoffOrder,
  CutoffScope,
  Revocation,
  RevocationScope,
} from './revocation/revocation';
export { RevocationCheck } from './revocation/revocation-check';
export { RevocationStore } from './revocation/revocation-store';
export { BulkRevocation } from './revocation/bulk-revocation';
export type { CommitPosition, Cut, HostTransaction } from './revocation/unit-of-work';
export { RevokedTokensService } from './revocation/revoked-tokens.service';
export type { RevokeOptions } from './revocation/additions';
export type { Authentication, PresentedFor } from './revocation/authentication';
export type { TokenExplanation } from './revocation/token-explanation';
export type { Standing } from './revocation/token-revocation-check';
export { StoreClock } from './revocation/store-clock';
export type { RelayStatus, ReplicaStatus, StoreStatus } from './revocation/store-status';
export { LiveConnections } from './live/live-connections';
export type { ConnectionEnd, LiveConnection } from './live/open-connection';
export { EndsWithToken } from './nest/live/ends-with-token';
export { LiveAdmission } from './nest/live/live-admission';
export {
  logoutSubscriptions,
  mercuriusLogoutSubscriptions,
} from './nest/live/logout-subscriptions';
export { ExpressSessionTerminator } from './logout/server-sessions/express-session-terminator';
export { FastifySessionTerminator } from './logout/server-sessions/fastify-session-terminator';
export { ServerSessionTerminator } from './logout/server-sessions/server-session-terminator';
export type { ServerSession } from './logout/server-sessions/server-session-terminator';
export type { ServerSessionStore } from './logout/server-sessions/session-store';
export { SessionTerminator } from './logout/session-terminator';
export type {
  IntrospectionCaller,
  IntrospectionOptions,
} from './introspection/introspection-options';
export { SessionsService } from './sessions/sessions.service';
export type { SessionTokens } from './sessions/session-issuance';
export type { EndOptions, OpenOptions } from './sessions/sessions.service';
export type {
  ClaimsHook,
  RefreshKeyInput,
  SessionClaims,
  SessionOptions,
  SigningKeyInput,
} from './sessions/session-options';
export type { Session } from './revocation/session-store';
export type { Algorithm } from './tokens/keys/algorithms';
export type { Claims } from './tokens/verification/claims';
export type { RevocationKey, TokenIdentity } from './tokens/identity';
export type { RevocationQuery } from './tokens/scopes';
export type { DescribedKey, KeyInput } from './tokens/keys/keys';
export type { SubjectClaim } from './tokens/verification/subject';
export type {
  CommonRules,
  IssuerRules,
  MultiIssuerRules,
  NamedIssuer,
  TokenRules,
} from './tokens/verification/token-rules';
export { TokenVerifier } from './tokens/verification/token-verifier';
export type { RefreshClaim, RefreshTokenRules } from './tokens/verification/refresh-token-rules';
export type { BackchannelRules } from './tokens/logout-token/backchannel-rules';
export type { TokenUse } from './tokens/verification/resolved-rules';
export type { Explanation } from './tokens/explanation/explanation';
export type { RefusalCause } from './tokens/verification/refusal-cause';
export type { Verification } from './tokens/verification/token-verifier';
export { VerifiedToken } from './tokens/verified-token';
