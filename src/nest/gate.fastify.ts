import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { isPreflight, type Door } from '../web/gate';
import { lenientPath, mayBeLogout } from './logout-path';
import { rawRequest, type PlatformRequest } from '../web/request';
import { send } from './send';

/** The part of Fastify that the door hangs in; written out so that Express hosts need no Fastify. */
interface Fastify {
  addHook(
    name: 'onRequest',
    hook: (request: FastifyRequest, reply: object, done: () => void) => void,
  ): void;
  addHook(
    name: 'preParsing',
    hook: (
      request: FastifyRequest,
      reply: object,
      payload: Readable,
      done: (error: null) => void,
    ) => void,
  ): void;
}

interface FastifyRequest extends PlatformRequest {
  /** The route as it was registered; absent where none matched. */
  readonly routeOptions: { readonly url?: string };
}

/** Hangs the door into a Fastify application, before whatever is registered after it. */
export function hangIntoFastify(
  adapter: AbstractHttpAdapter,
  door: Door,
  path: () => string,
): void {
  const fastify = adapter.getInstance<Fastify>();
  const isPath = (url = ''): boolean => lenientPath(url) === path();
  // The router may know more spellings of our path than we do: so what it matched is asked too.
  const isOurs = (request: FastifyRequest): boolean =>
    mayBeLogout(request.url) && (isPath(request.url) || isPath(request.routeOptions.url));

  fastify.addHook('onRequest', (request, reply, done) => {
    if (!isOurs(request) || isPreflight(request)) {
      done();
      return;
    }
    void door.enter(request).then((passage) => {
      if (passage === 'in') done();
      else if (passage !== 'aborted') send(adapter, reply, passage);
    });
  });
  fastify.addHook('preParsing', (request, reply, payload, done) => {
    if (!isOurs(request)) {
      done(null);
      return;
    }
    if (isPreflight(request)) {
      forgetBody(rawRequest(request).headers);
      done(null);
      return;
    }
    void door.readBody(request, payload).then((passage) => {
      if (passage === 'in') {
        forgetBody(rawRequest(request).headers);
        done(null);
      } else if (passage !== 'aborted') send(adapter, reply, passage);
    });
  });
}

/** Fastify's own parser shall look for no body: there is none, or we have read it. */
function forgetBody(headers: IncomingHttpHeaders): void {
  delete headers['content-type'];
  delete headers['content-length'];
  delete headers['transfer-encoding'];
}
