import { Readable } from 'node:stream';
import type { AbstractHttpAdapter } from '@nestjs/core';
import type { Door } from './door';
import { lenientPath } from './logout-path';
import type { PlatformRequest } from './platform';
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
      done: (error: null, payload?: Readable) => void,
    ) => void,
  ): void;
}

interface FastifyRequest extends PlatformRequest {
  /** The route as it was registered; absent where none matched. */
  readonly routeOptions: { readonly url?: string };
}

/** Hangs the door into a Fastify application, before whatever is registered after it. */
export function hangIntoFastify(adapter: AbstractHttpAdapter, door: Door, path: () => string): void {
  const fastify = adapter.getInstance<Fastify>();
  // The router may know more spellings of our path than we do: what it matched is asked first.
  const isOurs = ({ method, url, routeOptions }: FastifyRequest): boolean =>
    method !== 'OPTIONS' &&
    (lenientPath(routeOptions.url ?? '') === path() || lenientPath(url) === path());

  fastify.addHook('onRequest', (request, reply, done) => {
    if (!isOurs(request)) {
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
    void door.readBody(request, payload).then((passage) => {
      if (passage === 'in') done(null, emptyObject(request));
      else if (passage !== 'aborted') send(adapter, reply, passage);
    });
  });
}

/** What Fastify's own parser gets in place of the body that we have read. */
function emptyObject({ headers }: FastifyRequest): Readable {
  // Fastify compares this with the declared length.
  const receivedEncodedLength = Number(headers['content-length'] ?? 2);
  return Object.assign(Readable.from([Buffer.from('{}')]), { receivedEncodedLength });
}
