import { BlockList, isIP } from 'node:net';
import type { RecordedAuditEvent } from './audit-event';
import type { AuditQuery } from './audit-trail';

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1000;
const MICROSECONDS_PER_MS = 1000;
/** What PostgreSQL reads as ISO 8601. */
const FIRST_INSTANT = Date.parse('0001-01-01T00:00:00Z');
const LAST_INSTANT = Date.parse('9999-12-31T00:00:00Z');
const CURSOR = /^(\d{1,16})\.([\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12})$/;

/** The place of a row in the audit: where the next page starts, that row excluded. */
export interface AuditPosition {
  /** Since the epoch; PostgreSQL keeps microseconds, which a `Date` would lose. */
  readonly microseconds: number;
  /** A UUID; decides between rows of one microsecond. */
  readonly id: string;
}

/** An address is a network with all of its bits. */
export interface Network {
  readonly family: 'ipv4' | 'ipv6';
  readonly address: string;
  readonly prefix: number;
}

/** A query in which every value has been found fit for a store. */
export interface CheckedAuditQuery extends Omit<AuditQuery, 'ip' | 'cursor' | 'limit'> {
  readonly limit: number;
  readonly network?: Network;
  readonly after?: AuditPosition;
}

/** @throws {TypeError} naming the part of the query that is not of its form. */
export function checkAuditQuery(query: AuditQuery): CheckedAuditQuery {
  const { ip, cursor, limit = DEFAULT_LIMIT, ...rest } = query;
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
    throw refusal('limit', `a whole number from 1 to ${MAX_LIMIT}`);
  }
  checkInstant('from', rest.from);
  checkInstant('to', rest.to);
  for (const name of ['subject', 'event', 'outcome', 'tokenId'] as const) {
    checkText(name, rest[name]);
  }
  return {
    ...rest,
    limit,
    ...(ip === undefined ? {} : { network: parseNetwork(ip) }),
    ...(cursor === undefined ? {} : { after: parseCursor(cursor) }),
  };
}

/** A cursor is opaque to callers and safe in a URL. */
export function formatCursor({ microseconds, id }: AuditPosition): string {
  return Buffer.from(`${microseconds}.${id}`).toString('base64url');
}

/** Where a row that is known to the millisecond stands. */
export function positionAt(instant: Date, id: string): AuditPosition {
  return { microseconds: instant.getTime() * MICROSECONDS_PER_MS, id };
}

/** Whether an event, known to the millisecond, is one that the query asks for. */
export function filterOf(query: CheckedAuditQuery): (event: RecordedAuditEvent) => boolean {
  const { subject, event, outcome, tokenId, from, to, network, after } = query;
  const isMember = network && matcherOf(network);
  return (row) =>
    (subject === undefined || row.subject === subject) &&
    (event === undefined || row.event === event) &&
    (outcome === undefined || row.outcome === outcome) &&
    (tokenId === undefined || row.tokenId === tokenId) &&
    (from === undefined || row.occurredAt >= from) &&
    (to === undefined || row.occurredAt < to) &&
    (isMember === undefined || isMember(row.ip)) &&
    (after === undefined || isAfter(row, after));
}

function isAfter(row: RecordedAuditEvent, after: AuditPosition): boolean {
  const { microseconds, id } = positionAt(row.occurredAt, row.id);
  return (
    microseconds < after.microseconds || (microseconds === after.microseconds && id < after.id)
  );
}

/** Tells whether an address belongs to the network; one without an address belongs to none. */
function matcherOf(network: Network): (ip: string | undefined) => boolean {
  const members = new BlockList();
  members.addSubnet(network.address, network.prefix, network.family);
  // Asked with the family of the network: a BlockList takes ::ffff:192.0.2.1 for 192.0.2.1, and
  // PostgreSQL's inet does not.
  return (ip) =>
    ip !== undefined && familyOf(ip) === network.family && members.check(ip, familyOf(ip));
}

function parseCursor(cursor: unknown): AuditPosition {
  const text =
    typeof cursor === 'string' ? Buffer.from(cursor, 'base64url').toString('latin1') : '';
  const [, microseconds, id] = CURSOR.exec(text) ?? [];
  if (microseconds === undefined || id === undefined) {
    throw refusal('cursor', 'the nextCursor of the page before');
  }
  const position = { microseconds: Number(microseconds), id };
  if (formatCursor(position) !== cursor)
    throw refusal('cursor', 'the nextCursor of the page before');
  return position;
}

function parseNetwork(ip: unknown): Network {
  const [address = '', prefixText, ...more] = typeof ip === 'string' ? ip.split('/') : [];
  const family = familyOf(address);
  const bits = family === 'ipv4' ? 32 : 128;
  const prefix = prefixText === undefined ? bits : Number(prefixText);
  const isPrefix = prefixText === undefined || (/^\d{1,3}$/.test(prefixText) && prefix <= bits);
  if (isIP(address) === 0 || address.includes('%') || !isPrefix || more.length > 0) {
    throw refusal('ip', 'an address (203.0.113.7) or a network (2001:db8::/32)');
  }
  return { family, address, prefix };
}

const familyOf = (address: string): Network['family'] => (isIP(address) === 4 ? 'ipv4' : 'ipv6');

function checkInstant(name: string, instant: unknown): void {
  if (instant === undefined) return;
  const time = instant instanceof Date ? instant.getTime() : Number.NaN;
  if (!(time >= FIRST_INSTANT && time <= LAST_INSTANT)) {
    throw refusal(name, 'a Date between the years 1 and 9999');
  }
}

function checkText(name: string, text: unknown): void {
  if (text === undefined || (typeof text === 'string' && !text.includes('\0'))) return;
  throw refusal(name, 'a string without U+0000');
}

const refusal = (name: string, requirement: string): TypeError =>
  new TypeError(`nestjs-logout: audit query "${name}" must be ${requirement}.`);
