/** The columns of `auth_events` that tell of a person. */
export const PERSONAL_COLUMNS = [
  'subject',
  'actor',
  'token_id',
  'session_id',
  'token_fingerprint',
  'ip',
  'user_agent',
  'request_id',
  'detail',
] as const;

/** The setting that names the transaction which erases a person. */
export const ERASING = 'nestjs_logout.erasing';

/** The member of `detail` that tells of another person than the subject of the row. */
export const NAMED = 'named';

const PERSONAL = `ARRAY[${PERSONAL_COLUMNS.map((column) => `'${column}'`).join()}]`;

/** SQL: an update of `auth_events` does nothing but empty personal columns. */
export const ONLY_EMPTIES = [
  `to_jsonb(NEW) - ${PERSONAL} = to_jsonb(OLD) - ${PERSONAL}`,
  ...PERSONAL_COLUMNS.map((column) =>
    column === 'detail'
      ? `(NEW.detail IS NULL OR NEW.detail = OLD.detail OR NEW.detail = OLD.detail - '${NAMED}')`
      : `(NEW.${column} IS NULL OR NEW.${column} = OLD.${column})`,
  ),
].join('\n AND ');
