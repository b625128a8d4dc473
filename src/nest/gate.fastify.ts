import type { Readable } from 'node:stream';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { forgetBody } from '../web/body';
import type { Gate } from '../web/gate';
import { rawRequest, type PlatformRequest } from '../web/request';
import type { Route } from '../web/route';
import { lenientPath } from '../web/routes';
import type { RoutePlaces } from './route-paths';
import type { DeferredAnswers } from './deferred-answers';
import { send } from './send';

/** The part of Fastify that the gate needs; written out so that Express hosts need no Fastify. */
interface Fastify {
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

/** Puts the gate before Fastify's body parsers and behind all `onRequest` hooks of the host's. */
export function installOnFastify(
  adapter: AbstractHttpAdapter,
  gate: Gate,
  places: RoutePlaces,
  deferred: DeferredAnswers,
): void {
  adapter.getInstance<Fastify>().addHook('preParsing', (request, reply, payload, done) => {
    const answer = deferred.of(request);
    if (answer !== undefined) {
      send(adapter, reply, answer);
      return;
    }
    const routes = routesOf(request, places);
    if (routes.length === 0) {
      done(null);
      return;
    }
    void gate.enter(request, routes, payload).then((outcome) => {
      if (outcome === 'admitted') {
        forgetBody(rawRequest(request));
        done(null);
      } else if (outcome !== 'aborted') send(adapter, reply, outcome);
    });
  });
}

/** The router may know more spellings of a path than we do: what it matched is asked too. */
function routesOf({ url, routeOptions }: FastifyRequest, places: RoutePlaces): readonly Route[] {
  if (!places.mayServe(url)) return [];
  const routes = places.routesAt(lenientPath(url));
  return routes.length > 0 ? routes : places.routesAt(lenientPath(routeOptions.url ?? ''));
}
