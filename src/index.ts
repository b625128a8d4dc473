/** The door to the package: every public name, one by one. */
export { AuthModule } from './auth.module';
export type { AuthModuleOptions, SiteData } from './auth.options';
export { AuditLog } from './audit/audit-log';
export type {
  AuditEvent,
  AuditEventName,
  AuditOutcome,
  RecordedAuditEvent,
  RequestOrigin,
} from './audit/audit-event';
export { AuditTrail } from './audit/audit-trail';
export type { AuditPage, AuditQuery } from './audit/audit-trail';
export { Contract } from './http/contract';
export type { Answer, Envelope, Messages } from './http/contract';
export type { ExpiringCookie } from './http/cookies';
export { CurrentToken } from './http/current-token.decorator';
export { JwtAuthGuard } from './http/jwt-auth.guard';
export { JwtStrategy } from './http/jwt.strategy';
export { LogoutController } from './http/logout.controller';
export { LogoutDto } from './http/logout.dto';
export { LogoutExceptionFilter } from './http/logout-exception.filter';
export { LogoutThrottlerGuard } from './http/logout-throttler.guard';
export { Public } from './http/public.decorator';
export type { PlatformRequest } from './http/platform';
export type { ValidateHook } from './http/request-authenticator';
export { RevocationError, StoreUnavailableError, TokenRejectedError } from './revocation/errors';
export type { RevocationErrorCode, TokenRejection } from './revocation/errors';
export { readinessOf } from './revocation/readiness';
export type { Readiness } from './revocation/readiness';
export { EVERY_AGE } from './revocation/revocation';
export type { Revocation, RevocationScope } from './revocation/revocation';
export { RevocationCheck } from './revocation/revocation-check';
export { RevocationStore } from './revocation/revocation-store';
export type { HostTransaction } from './revocation/revocation-store';
export { RevokedTokensService } from './revocation/revoked-tokens.service';
export type { Authentication, RevokeOptions } from './revocation/revoked-tokens.service';
export { StoreClock } from './revocation/store-clock';
export type { ReplicaStatus, StoreStatus } from './revocation/store-status';
export { ExpressSessionTerminator } from './sessions/express-session-terminator';
export { FastifySessionTerminator } from './sessions/fastify-session-terminator';
export { ServerSessionTerminator } from './sessions/server-session-terminator';
export type { ServerSession } from './sessions/server-session-terminator';
export type { SessionStore } from './sessions/session-store';
export { SessionTerminator } from './sessions/session-terminator';
export type { Algorithm } from './tokens/algorithms';
export type { Claims } from './tokens/claims';
export type { RevocationKey, TokenIdentity } from './tokens/identity';
export type { DescribedKey, KeyInput } from './tokens/keys';
export type { TokenRules } from './tokens/token-rules';
export { TokenVerifier } from './tokens/token-verifier';
export type { RefusalCause, Verification, VerifiedToken } from './tokens/token-verifier';
