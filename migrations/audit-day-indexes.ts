/**
 * The indexes that a day of the audit gets once it has closed, besides its primary key and the two
 * of `auth_events`: by what follows the day in the name, and what follows the table in
 * `CREATE INDEX`. On the day that is written they would double what a logout costs.
 *
 * Each serves questions of docs/audit.md, newest first: what happened, what failed, an address or a
 * network, a token by its jti, a session, and the wide revocations, which are few among very many.
 */
export const AUDIT_DAY_INDEXES: Readonly<Record<string, string>> = {
  event: '(event, outcome, occurred_at DESC, id DESC)',
  failure: "(occurred_at DESC, id DESC) WHERE outcome <> 'success'",
  ip: '(ip, occurred_at DESC, id DESC)',
  token_id: '(token_id, occurred_at DESC, id DESC) WHERE token_id IS NOT NULL',
  session_id: '(session_id, occurred_at DESC, id DESC) WHERE session_id IS NOT NULL',
  wide: `(occurred_at DESC, id DESC)
    WHERE scope IN ('subject', 'subject-tokens', 'client', 'issuer')`,
};
