/** For authors of stores and faces: the ports of the core, and the replica for any store. */
export type {
  AuditEvent,
  AuditEventName,
  AuditOutcome,
  RecordedAuditEvent,
} from '../audit/audit-event';
export { AuditTrail, UnstorableEventError } from '../audit/audit-trail';
export type { AuditPage, AuditQuery } from '../audit/audit-trail';
export { RelayRevocationStore } from '../relay/relay-revocation-store';
export type { RelayRevocationStoreOptions } from '../relay/relay-options';
export { RelayTransport } from '../relay/relay-transport';
export type {
  Bell,
  Checkpoint,
  FramePlace,
  LogPart,
  StoredFrame,
  TakenAsks,
} from '../relay/relay-transport';
export { Replica } from '../replica/replica';
export type { ReplicaOptions } from '../replica/replica';
export { ReplicatedStore } from '../replica/replicated-store';
export type { ReplicationOptions } from '../replica/replicated-store';
export {
  OutdatedInstanceError,
  RevocationError,
  StoreUnavailableError,
} from '../revocation/errors';
export type {
  LiveRevocation,
  RevocationPage,
  RevocationSearch,
} from '../revocation/live-revocations';
export { ANY_ISSUE_TIME } from '../revocation/revocation';
export type {
  CutoffOrder,
  CutoffScope,
  Revocation,
  RevocationScope,
} from '../revocation/revocation';
export { RevocationCheck } from '../revocation/revocation-check';
export { RevocationFeed } from '../revocation/revocation-feed';
export type {
  AbsoluteGroup,
  Announcement,
  Cutoff,
  FeedCursor,
  FeedSlice,
} from '../revocation/revocation-feed';
export type { Instant } from '../time/instance-time';
export { checkLookup, checkWork } from '../revocation/revocation-form';
export { RevocationStore } from '../revocation/revocation-store';
export { SessionStore } from '../revocation/session-store';
export type {
  Ended,
  EndedSessions,
  EndOrder,
  EndOthersOrder,
  OpenedSession,
  Refreshed,
  RefreshOrder,
  RefreshOutcome,
  Session,
  SessionByRefreshToken,
  SessionOrder,
  SessionsById,
  SessionsOf,
} from '../revocation/session-store';
export { StoreClock } from '../revocation/store-clock';
export type { RelayStatus, ReplicaStatus, StoreStatus } from '../revocation/store-status';
export type {
  Addition,
  CommitPosition,
  Committed,
  Cut,
  HostTransaction,
  UnitOfWork,
} from '../revocation/unit-of-work';
export type { RevocationKey } from '../tokens/identity';
export { SCOPES } from '../tokens/scopes';
export type { RevocationQuery } from '../tokens/scopes';
