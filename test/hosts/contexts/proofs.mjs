import assert from 'node:assert/strict';
import { HttpClient } from '../harness/http-client.mjs';
import { signToken } from '../harness/sign-token.mjs';
import { quoting } from '../harness/quoting.mjs';
import { until } from '../harness/until.mjs';
import { liveEvents, liveSocketIo, liveSubscription, liveWs } from './live-callers.mjs';
import { emitOverTcp, overGraphql, overHttp, overSocketIo, overTcp, overWs } from './callers.mjs';

const LET_IN = ['ada', 'ada'];
const REFUSED = { success: false, message: 'Token no proporcionado o inválido' };
const UNKNOWN = { success: false, message: 'Error interno del servidor' };

const MISSING_HTTP = { status: 401, challenge: 'Bearer', body: REFUSED };
const INVALID_HTTP = { ...MISSING_HTTP, challenge: 'Bearer error="invalid_token"' };

/** The answers by what became of the token. */
const http = {
  ask: overHttp,
  missing: MISSING_HTTP,
  refused: INVALID_HTTP,
  letIn: { status: 200, challenge: null, body: LET_IN },
  unknown: { status: 500, challenge: null, body: UNKNOWN },
};

const graphqlError = ({ message }, code, originalError) => ({
  status: 200,
  errors: [{ message, path: ['me'], extensions: { code, originalError } }],
});
const graphql = {
  ask: overGraphql,
  missing: graphqlError(REFUSED, 'UNAUTHENTICATED', REFUSED),
  refused: graphqlError(REFUSED, 'UNAUTHENTICATED', REFUSED),
  letIn: { status: 200, data: { me: LET_IN } },
  unknown: graphqlError(UNKNOWN, 'INTERNAL_SERVER_ERROR', UNKNOWN),
};

const socket = {
  missing: ['exception', REFUSED],
  refused: ['exception', REFUSED],
  letIn: ['me', LET_IN],
  unknown: ['exception', UNKNOWN],
};
const socketIo = { ...socket, ask: overSocketIo };
const ws = { ...socket, ask: overWs };

const noToken = { ask: overTcp, missing: { error: REFUSED }, refused: { error: REFUSED } };
/** The guard as it is: there is no request, so there is no token. */
const tcp = { ...noToken, letIn: { error: REFUSED }, unknown: { error: REFUSED } };
const tcpOwn = { ...noToken, letIn: { value: LET_IN }, unknown: { error: UNKNOWN } };

const onExpress = { HTTP: http, Apollo: graphql, 'socket.io': socketIo, TCP: tcp };
const onFastify = {
  HTTP: http,
  Mercurius: graphql,
  ws,
  'TCP, with a guard that reads the token from the message': tcpOwn,
};

/** What each context answers, by what is sent. */
const MATRIX = {
  'no token': async ({ app, ask, missing }) => {
    assert.deepEqual(await ask(app), missing);
  },
  'a bad token': async ({ app, ask, refused }) => {
    assert.deepEqual(await ask(app, 'a.b.c'), refused);
    assert.deepEqual(await ask(app, forged()), refused);
  },
  'a live token, and the same once it is revoked': async ({ app, ask, letIn, refused }) => {
    const token = app.token();
    assert.deepEqual(await ask(app, token), letIn);
    assert.deepEqual(await ask(app, token), letIn);
    await app.logout(token);
    assert.deepEqual(await ask(app, token), refused);
    assert.deepEqual(await ask(app, app.token()), letIn);
  },
};

const AWAY = {
  'the database away': async ({ app, ask, missing, refused, unknown }) => {
    assert.deepEqual(await ask(app, app.token()), unknown);
    assert.deepEqual(await ask(app, forged()), refused);
    assert.deepEqual(await ask(app), missing);
  },
};

const proofsOf = (contexts, matrix) =>
  Object.fromEntries(
    Object.entries(contexts).flatMap(([name, context]) =>
      Object.entries(matrix).map(([state, prove]) => [
        `${name}: ${state}`,
        (app) => quoting(app.program, () => prove({ app, ...context })),
      ]),
    ),
  );

/** After all of these: nothing of them is an error to the host's log. */
const hasQuietLog = async (app) => {
  assert.doesNotMatch(app.program.output, /ERROR|TypeError/);
};

/** After the others: an outage is an error to the log, and nothing else is. */
const logsOutages = async (app) => {
  const lines = app.program.output.split('\n').filter((line) => / ERROR /.test(line));
  assert.notEqual(lines.length, 0);
  for (const line of lines) assert.match(line, /The revocation store gave no answer|could not/);
};

const explainsMessages = async (app) => {
  const lines = app.program.output.match(/JwtAuthGuard refuses every call of Messages\.me.*/g);
  assert.equal(lines?.length, 1);
  assert.match(lines[0], /@Public\(\).*inheritAppConfig.*getRequest/);
  assert.deepEqual(await overTcp(app, undefined, 'sum', [1, 2]), { value: 3 });
};

const refusesEvents = async (app) => {
  const refused = /JwtAuthGuard refuses every call of Messages\.happened/;
  await emitOverTcp(app, 'happened');
  await until('the event is refused', () => refused.test(app.program.output));
  assert.doesNotMatch(app.program.output, /was let in|ERROR/);
};

const takesHeader = async (app) => {
  const token = app.token();
  assert.deepEqual(await overSocketIo(app, token, 'header'), socketIo.letIn);
  await app.logout(token);
  assert.deepEqual(await overSocketIo(app, token, 'header'), socketIo.refused);
};

const hearsOnOneConnection = (ask) => async (app) => {
  const token = app.token();
  const answers = await ask(app, token, {
    between: [() => undefined, () => app.logout(token), () => undefined],
  });
  assert.deepEqual(answers, [
    ['me', LET_IN],
    ['me', LET_IN],
    ['exception', REFUSED],
    ['exception', REFUSED],
  ]);
};

export const proofs = {
  'compiles as it stands': (host) => host.run(['npm', 'run', 'build']),
};

const serve =
  (main, env = {}) =>
  (host, withApp) =>
    host.databases.using((database) =>
      host.serve(main, { DATABASE_URL: database.url, ...env }, (url, program) =>
        withApp(new App(url, host, database, program)),
      ),
    );

/**
 * Serves without a database, once memory may not answer any more. Enforcement would then answer
 * GraphQL and HTTP before any guard.
 */
const serveWithoutDatabase = (main) => (host, withApp) =>
  serve(main, { ENFORCE: 'guarded' })(host, (app) =>
    app.database.away(async () => {
      const token = app.token();
      await until('memory may not answer', async () => {
        return (await overHttp(app, token)).status === 500;
      });
      await withApp(app);
    }),
  );

/** Of two clients of a kind, that of the user who logs out is ended, and comes back in vain. */
const endsAtLogout =
  (connect, { ended, refused }) =>
  async (app) => {
    const token = app.token();
    const [client, other] = [await connect(app, token), await connect(app, app.token())];
    let isKept = true;
    void other.ended.then(
      () => {
        isKept = false;
      },
      () => undefined,
    );
    await app.logout(token);
    assert.equal(await client.ended, ended);
    assert.ok(isKept, 'that of another user was ended, too');
    other.leave();
    const again = await connect(app, token);
    assert.equal(await again.ended, refused);
    again.leave();
  };

const serverSentEvents = endsAtLogout(liveEvents, { ended: 200, refused: 401 });
const subscriptions = endsAtLogout(liveSubscription, { ended: 4401, refused: 4401 });
const CLIENT_LEFT = { ended: 'io server disconnect', refused: 401 };

const LIVE = {
  'socket.io': {
    'socket.io': endsAtLogout(liveSocketIo, CLIENT_LEFT),
    'server-sent events on Express': serverSentEvents,
    'subscriptions of Apollo': subscriptions,
  },
  ws: {
    ws: endsAtLogout(liveWs, { ended: 4401, refused: 4401 }),
    'server-sent events on Fastify': serverSentEvents,
  },
  mercurius: { 'subscriptions of Mercurius': subscriptions },
};

const live = Object.entries(LIVE).map(([kind, kinds]) => ({
  name: `live connections (${kind})`,
  serve: serve('dist/main-live.js', { LIVE: kind }),
  proofs: Object.fromEntries(
    Object.entries(kinds).map(([what, prove]) => [
      `${what} end at the logout, and not before`,
      (app) => quoting(app.program, () => prove(app)),
    ]),
  ),
}));

export const apps = [
  ...live,
  {
    name: 'on Express',
    serve: serve('dist/main-express.js'),
    proofs: {
      ...proofsOf(onExpress, MATRIX),
      'socket.io: a token in the header counts, where auth has none': takesHeader,
      'socket.io: a token is checked on every message': hearsOnOneConnection(overSocketIo),
      'a message of a microservice is refused with one line that says what to do': explainsMessages,
      'an event of a microservice is refused': refusesEvents,
      'no refusal is an error in the log': hasQuietLog,
    },
  },
  {
    name: 'on Express, without a database',
    serve: serveWithoutDatabase('dist/main-express.js'),
    proofs: {
      ...proofsOf(onExpress, AWAY),
      'an outage is an error in the log, and nothing else is': logsOutages,
    },
  },
  {
    name: 'on Fastify',
    serve: serve('dist/main-fastify.js'),
    proofs: {
      ...proofsOf(onFastify, MATRIX),
      'ws: a token is checked on every message': hearsOnOneConnection(overWs),
      'no refusal is an error in the log': hasQuietLog,
    },
  },
  {
    name: 'on Fastify, without a database',
    serve: serveWithoutDatabase('dist/main-fastify.js'),
    proofs: {
      ...proofsOf(onFastify, AWAY),
      'an outage is an error in the log, and nothing else is': logsOutages,
    },
  },
];

/** A started application, as its clients know it. */
class App {
  constructor(url, host, database, program) {
    Object.assign(this, { url, host, database, program });
    [, this.messagesPort] = /messages on (\d+)/.exec(program.output) ?? [];
  }

  token() {
    return signToken(this.host.env.JWT_SECRET);
  }

  async logout(token) {
    const { status, body } = await new HttpClient(this.url).logout(token);
    assert.equal(status, 200, body);
  }
}

const forged = () => signToken('of somebody else');
