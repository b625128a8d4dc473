/** What `add_revocations` takes of each revocation: the column of `revoked_tokens`, and its type. */
export const REVOCATION_COLUMNS = {
  key: 'bytea',
  issued_before: 'timestamptz',
  expires_at: 'timestamptz',
  scope: 'text',
  issuer: 'text',
  subject: 'text',
  token_id: 'text',
  session_id: 'text',
  client_id: 'text',
  reason: 'text',
  actor: 'text',
} as const;

/** What an event fills: the column of `auth_events`, and its type. */
export const EVENT_COLUMNS = {
  event: 'text',
  outcome: 'text',
  scope: 'text',
  issuer: 'text',
  subject: 'text',
  actor: 'text',
  token_id: 'text',
  session_id: 'text',
  token_fingerprint: 'text',
  ip: 'inet',
  user_agent: 'text',
  request_id: 'text',
  reason: 'text',
  detail: 'jsonb',
} as const;

/** The parameters of `add_revocations`, in order: an array for each column, by name and type. */
export const ADDITION_PARAMETERS: readonly (readonly [name: string, type: string])[] = [
  ...parametersOf('revocation', REVOCATION_COLUMNS),
  ...parametersOf('event', EVENT_COLUMNS),
];

function parametersOf(
  prefix: string,
  columns: Readonly<Record<string, string>>,
): (readonly [string, string])[] {
  return Object.entries(columns).map(([name, type]) => [`${prefix}_${name}`, `${type}[]`] as const);
}
