import type { AbstractHttpAdapter } from '@nestjs/core';
import type { Readable } from 'node:stream';
import type { Gate } from '../web/gate';
import type { PlatformRequest } from '../web/request';
import type { Route } from '../web/route';
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

type Middleware = (
  request: ExpressRequest,
  response: object,
  next: (error?: unknown) => void,
) => void;

/** What body-parser calls its middleware; Nest knows it by these names too. */
const BODY_PARSER = /^(?:json|urlencoded|text|raw)Parser$/;
/** What the package `cors` calls its own, and so that of `enableCors`. */
const CORS = /^corsMiddleware$/;

/**
 * Puts the gate before the first body parser, Nest's or the host's, and behind what the host puts
 * on the application before that: CORS, cookies, helmet. CORS that comes later runs at the gate,
 * too. Nest calls `init` after `main.ts` and before it registers its parser.
 */
export function installOnExpress(
  adapter: AbstractHttpAdapter,
  gate: Gate,
  places: RoutePlaces,
  deferred: DeferredAnswers,
): void {
  const { use, init, useBodyParser } = boundTo(adapter);
  const lateCors: Middleware[] = [];
  let isInstalled = false;
  const install = (): void => {
    if (isInstalled) return;
    isInstalled = true;
    use((request: ExpressRequest, response: object, next: (error?: unknown) => void) => {
      const mayBeOurs = places.mayServe(request.url);
      const path = mayBeOurs ? routedPath(request) : '';
      const routes = mayBeOurs ? places.routesAt(lenientPath(path)) : [];
      const answer =
        deferred.of(request) ?? (places.isUndecodable(path) ? gate.notFound() : undefined);
      if (answer === undefined && routes.length === 0) {
        next();
        return;
      }
      runAll(lateCors, request, response, (error) => {
        if (error) next(error);
        else if (answer !== undefined) send(adapter, response, answer);
        else enter(request, routes, response, next);
      });
    });
  };
  const enter = (
    request: ExpressRequest,
    routes: readonly Route[],
    response: object,
    next: () => void,
  ): void => {
    if (request.body === undefined) request._body = true;
    void gate.enter(request, routes, request).then((outcome) => {
      if (outcome === 'admitted') next();
      else if (outcome !== 'aborted') send(adapter, response, outcome);
    });
  };
  Object.assign(adapter, {
    use: (...handlers: unknown[]) => {
      if (handlers.some(isBodyParser)) install();
      if (isInstalled && typeof handlers[0] === 'function')
        lateCors.push(...handlers.filter(isCors));
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

/** One after the other, as Express does; none of the rest where one has answered or failed. */
function runAll(
  [first, ...rest]: readonly Middleware[],
  request: ExpressRequest,
  response: object,
  done: (error?: unknown) => void,
): void {
  if (first === undefined) done();
  else
    first(request, response, (error) => {
      if (error) done(error);
      else runAll(rest, request, response, done);
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

function isCors(handler: unknown): handler is Middleware {
  return typeof handler === 'function' && CORS.test(handler.name);
}

/** By Express's own reading of the URL: it knows absolute forms, and backslashes, its own way. */
function routedPath(request: ExpressRequest): string {
  try {
    return request.path ?? '';
  } catch {
    // Express cannot read it either, and routes it nowhere.
    return '';
  }
}
