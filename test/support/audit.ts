import { AuditLog, type AuditQuery, type RecordedAuditEvent } from '../../src';
import type { TestApp } from './app';

/** The audit of an application, newest first, after everything that waits has been written. */
export async function auditOf(
  app: TestApp,
  query: AuditQuery = {},
): Promise<readonly RecordedAuditEvent[]> {
  const log = app.nest.get(AuditLog);
  await log.close();
  return (await log.find(query)).events;
}
