import type { IncomingMessage, RequestListener, Server } from 'node:http';
import type { Socket } from 'node:net';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import express from 'express';
import type { FastifyReply, FastifyRequest } from 'fastify';
import helmet from 'helmet';
import { MODULE_OPTIONS } from '../nest/auth.options';
import { LogoutAnswers } from '../web/answers';
import { send } from '../nest/send';
import type { Environment } from './environment';
import { createServer } from './server';
import { TlsDemand } from './tls-demand';

/** How long requests in flight may take to finish at a shutdown. */
const DRAIN_TIMEOUT_MS = 10_000;
const DRAIN_STEP_MS = 50;

const securityHeaders = helmet({
  contentSecurityPolicy: {
    // TLS ends at the proxy in front; on plain http this would break the documentation page.
    directives: { upgradeInsecureRequests: null },
  },
});

/** The platform with all that runs before every route, the gate of `AuthModule` included. */
export function adapterFor(environment: Environment): ExpressAdapter | FastifyAdapter {
  return environment.platform === 'fastify'
    ? fastifyAdapter(environment)
    : expressAdapter(environment);
}

function expressAdapter(environment: Environment): ExpressAdapter {
  const application = express();
  application.disable('x-powered-by');
  application.set('trust proxy', environment.trustProxy);
  const answers = contractOf(environment);
  const adapter = new OwnServerAdapter(application, answers);
  const tls = new TlsDemand(environment);
  const refusal = answers.answerStatus(403);
  application.use(securityHeaders);
  application.use((request, response, next) => {
    if (tls.refuses(request)) send(adapter, response, refusal);
    else next();
  });
  return adapter;
}

/** Express on a server of ours. */
class OwnServerAdapter extends ExpressAdapter {
  constructor(
    application: express.Express,
    private readonly answers: LogoutAnswers,
  ) {
    super(application);
  }

  override initHttpServer(): void {
    this.httpServer = createServer(this.getInstance<express.Express>(), this.answers);
  }
}

function fastifyAdapter(environment: Environment): FastifyAdapter {
  const answers = contractOf(environment);
  const tls = new TlsDemand(environment);
  const refusal = answers.answerStatus(403);
  const adapter: FastifyAdapter = new FastifyAdapter({
    trustProxy: fastifyTrust(environment),
    serverFactory: (handle: RequestListener) => createServer(handle, answers),
    // The server has done it; Fastify would add an answer in its own words.
    clientErrorHandler: () => undefined,
    // A URL that the router cannot decode reaches no hook; Fastify's own answer would quote it.
    frameworkErrors: (_: Error, request: FastifyRequest, reply: FastifyReply) => {
      securityHeaders(request.raw, reply.raw, () => {
        send(adapter, reply, answers.answer('NOT_FOUND'));
      });
    },
  });
  const fastify = adapter.getInstance();
  fastify.addHook('onRequest', (request, reply, done) => {
    securityHeaders(request.raw, reply.raw, () => {
      done();
    });
  });
  fastify.addHook('onRequest', (request, reply, done) => {
    if (tls.refuses(request)) send(adapter, reply, refusal);
    else done();
  });
  return adapter;
}

/** The same trust as Express's setting, in the forms that Fastify knows. */
function fastifyTrust({ trustProxy }: Environment) {
  if (typeof trustProxy === 'number') return (_: string, hop: number) => hop < trustProxy;
  return trustProxy === false ? false : [...trustProxy];
}

/** The answers of everything that is the service's own. */
export const contractOf = ({ module: { messages } }: Environment): LogoutAnswers =>
  new LogoutAnswers(MODULE_OPTIONS.messages.read(messages, 'messages'), 403);

/**
 * Prepares a shutdown that lets requests in flight finish, cuts off those that take too long, and
 * waits for no connection without a request, such as browsers open in advance.
 *
 * @returns what runs `close` in that way.
 */
export function drainable(server: Server): (close: () => Promise<void>) => Promise<void> {
  // Node counts a connection that has not asked anything yet as busy.
  const unasked = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    unasked.add(socket);
    socket.once('close', () => unasked.delete(socket));
  });
  server.on('request', ({ socket }: IncomingMessage) => unasked.delete(socket));
  return async (close) => {
    const step = setInterval(() => {
      // A connection that is kept alive becomes idle only after its answer, so this is repeated.
      server.closeIdleConnections();
      for (const socket of unasked) socket.destroy();
    }, DRAIN_STEP_MS);
    const late = setTimeout(() => {
      server.closeAllConnections();
    }, DRAIN_TIMEOUT_MS);
    try {
      await close();
    } finally {
      clearInterval(step);
      clearTimeout(late);
    }
  };
}
