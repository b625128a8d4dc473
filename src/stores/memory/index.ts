export { MemoryAuditTrail } from './audit-trail.memory';
export { MemoryRevocationStore } from './revocation-store.memory';
