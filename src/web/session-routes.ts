import type { Route } from './route';

const BYTES_BESIDE_TOKEN = 8 * 1024;
const OF_A_BEARER = [200, 400, 401, 403, 405, 413, 415, 429, 500] as const;
const WITHOUT_BODY = [200, 401, 403, 405, 429, 500] as const;

const TEXT = { type: 'string' };
const INSTANT = { type: 'string', format: 'date-time' };
const SESSION = {
  type: 'object',
  required: ['id', 'current', 'openedAt', 'lastSeenAt', 'idleExpiresAt', 'expiresAt'],
  properties: {
    id: { ...TEXT, description: 'What `DELETE` takes; no secret.' },
    current: { type: 'boolean', description: 'Whether the bearer is of this session.' },
    device: TEXT,
    ip: TEXT,
    openedAt: INSTANT,
    lastSeenAt: { ...INSTANT, description: 'When it was opened or last refreshed.' },
    idleExpiresAt: INSTANT,
    expiresAt: INSTANT,
  },
};

/** What the routes that end sessions by a bearer of one of them have in common. */
const ENDING = {
  needs: 'sessions',
  takesBearer: true,
  bytesBesideToken: BYTES_BESIDE_TOKEN,
  throttledBy: 'token',
  event: 'authn_token_revoked',
} as const;

/** The routes that exist where the option `sessions` is set. */
export const SESSION_ROUTES = {
  refresh: {
    method: 'POST',
    path: 'refresh',
    needs: 'sessions',
    takesBearer: false,
    body: 'json',
    bytesBesideToken: BYTES_BESIDE_TOKEN,
    bucket: 'refresh',
    throttledBy: 'refreshToken',
    event: 'session_renewed',
    statuses: OF_A_BEARER,
    summary: 'Renew a session',
    description:
      'Exchanges a refresh token for an access token and the next refresh token. The one before ' +
      'the last gets the same one again for a few seconds; an older one ends its session. With ' +
      '`sessions.cookie` the body may be left out: the refresh token is then taken from its cookie, ' +
      'and its successor set there.',
    isBodyOptional: true,
    bodySchema: { type: 'object', properties: { refreshToken: TEXT } },
    success: {
      message: 'sessionRenewed',
      description: 'The refresh token was exchanged.',
      data: {
        tokenType: { type: 'string', enum: ['Bearer'] },
        accessToken: TEXT,
        expiresIn: { type: 'integer', description: 'Seconds.' },
        refreshToken: { ...TEXT, description: 'Absent where it was set as a cookie.' },
      },
    },
  },
  logoutOthers: {
    ...ENDING,
    method: 'POST',
    path: 'logout/others',
    body: 'json',
    isBodyOptional: true,
    bucket: 'logout-others',
    statuses: OF_A_BEARER,
    summary: 'Log out everywhere else',
    description: 'Ends all sessions of the user but that of the bearer, which must be live.',
    success: { message: 'loggedOut', description: 'The other sessions have ended.' },
  },
  logoutAll: {
    ...ENDING,
    method: 'POST',
    path: 'logout/all',
    body: 'json',
    isBodyOptional: true,
    bucket: 'logout-all',
    statuses: OF_A_BEARER,
    summary: 'Log out everywhere',
    description: 'Ends all sessions of the user. A login from then on works.',
    success: { message: 'loggedOut', description: 'Every session of the user has ended.' },
  },
  listSessions: {
    method: 'GET',
    path: 'sessions',
    needs: 'sessions',
    takesBearer: true,
    body: 'none',
    bytesBesideToken: 0,
    bucket: 'sessions',
    throttledBy: 'token',
    statuses: WITHOUT_BODY,
    summary: 'List the sessions of the user',
    description: 'The live sessions of the user of the bearer, opened last first.',
    success: {
      message: 'activeSessions',
      description: 'The sessions.',
      data: { sessions: { type: 'array', items: SESSION } },
    },
  },
  endSession: {
    ...ENDING,
    method: 'DELETE',
    path: 'sessions/:sid',
    body: 'none',
    bucket: 'end-session',
    statuses: [200, 401, 403, 404, 405, 429, 500],
    summary: 'End a session of the user',
    description: 'Ends one session of the user of the bearer; its own one as a logout does.',
    success: { message: 'loggedOut', description: 'The session has ended.' },
  },
  revoke: {
    method: 'POST',
    path: 'revoke',
    needs: 'sessions',
    takesBearer: false,
    body: 'form',
    bytesBesideToken: BYTES_BESIDE_TOKEN,
    bucket: 'revoke',
    throttledBy: 'refreshToken',
    event: 'authn_token_revoked',
    isOAuth: true,
    badRequest: 'The body is not a form that has `token` once.',
    statuses: [200, 400, 405, 413, 415, 429, 503],
    summary: 'Revoke a token (RFC 7009)',
    description:
      'Revokes an access token, or ends the session of a refresh token. Who has the token may ' +
      'revoke it: there is no client authentication. `token_type_hint` is ignored.',
    bodySchema: {
      type: 'object',
      required: ['token'],
      properties: { token: TEXT, token_type_hint: TEXT },
    },
    success: { description: 'The token is refused from now on, as it is if it is unknown.' },
  },
} as const satisfies Readonly<Record<string, Route>>;
