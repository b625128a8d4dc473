/** `nestjs-logout/memory`: needs nothing beside this package. */
export { MemoryAuditTrail } from './audit-trail.memory';
export { MemoryRevocationStore } from './revocation-store.memory';
