import type { AbstractHttpAdapter } from '@nestjs/core';
import type { Readable } from 'node:stream';
import type { Gate } from '../web/gate';
import type { PlatformRequest } from '../web/request';
import { lenientPath } from '../web/routes';
import type { RoutePlaces } from './route-paths';
import type { DeferredAnswers } from './deferred-answers';
import { send } from './send';

interface ExpressRequest extends PlatformRequest, Readable {
  readonly body?: unknown;
  /** What the router goes by; read from the URL each time, `null` where that has none. */
  readonly path: string | null;
  /** Tells body-parser that a body was read: its version 1 would try, and fail with a 500. */
  _body?: boolean;
}

/** What body-parser calls its middleware; Nest knows it by these names too. */
const BODY_PARSER = /^(?:json|urlencoded|text|raw)Parser$/;

/**
 * Puts the gate before the first body parser, Nest's or the host's, and behind what the host puts
 * on the application before that: CORS, cookies, helmet. Nest calls `init` after `main.ts` and
 * before it registers its parser.
 */
export function installOnExpress(
  adapter: AbstractHttpAdapter,
  gate: Gate,
  places: RoutePlaces,
  deferred: DeferredAnswers,
): void {
  const { use, init, useBodyParser } = boundTo(adapter);
  const install = (): void => {
    Object.assign(adapter, { use, init, useBodyParser });
    use((request: ExpressRequest, response: object, next: () => void) => {
      const answer = deferred.of(request);
      if (answer !== undefined) {
        send(adapter, response, answer);
        return;
      }
      const routes = places.mayServe(request.url) ? places.routesAt(routedPath(request)) : [];
      if (routes.length === 0) {
        next();
        return;
      }
      if (request.body === undefined) request._body = true;
      void gate.enter(request, routes, request).then((outcome) => {
        if (outcome === 'admitted') next();
        else if (outcome !== 'aborted') send(adapter, response, outcome);
      });
    });
  };
  Object.assign(adapter, {
    use: (...handlers: unknown[]) => {
      if (handlers.some(isBodyParser)) install();
      return use(...handlers);
    },
    init: async () => {
      await init();
      install();
    },
    useBodyParser: (...parameters: unknown[]) => {
      install();
      return useBodyParser(...parameters);
    },
  });
}

/** The methods by which an application is set up, as Nest's Express adapter has them. */
interface SetUp {
  readonly use: (...handlers: unknown[]) => unknown;
  readonly init: () => Promise<void>;
  readonly useBodyParser: (...parameters: unknown[]) => unknown;
}

function boundTo(adapter: object): SetUp {
  const own = adapter as SetUp;
  return {
    use: own.use.bind(adapter),
    init: own.init.bind(adapter),
    useBodyParser: own.useBodyParser.bind(adapter),
  };
}

function isBodyParser(handler: unknown): boolean {
  return typeof handler === 'function' && BODY_PARSER.test(handler.name);
}

/** By Express's own reading of the URL: it knows absolute forms, and backslashes, its own way. */
function routedPath(request: ExpressRequest): string {
  try {
    return lenientPath(request.path ?? '');
  } catch {
    // Express cannot read it either, and routes it nowhere.
    return '';
  }
}
