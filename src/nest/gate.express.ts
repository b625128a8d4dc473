import type { AbstractHttpAdapter } from '@nestjs/core';
import type { Readable } from 'node:stream';
import { isPreflight, type Door, type Passage } from '../web/gate';
import { lenientPath, mayBeLogout } from './logout-path';
import type { PlatformRequest } from '../web/request';
import { send } from './send';

interface ExpressRequest extends PlatformRequest, Readable {
  /** What the router goes by; read from the URL each time, `null` where that has none. */
  readonly path: string | null;
  /** How body-parser is told that a body was read: its version 1 would try, and fail with a 500. */
  _body?: boolean;
}

/** Hangs the door into an Express application, before whatever is registered after it. */
export function hangIntoExpress(
  adapter: AbstractHttpAdapter,
  door: Door,
  path: () => string,
): void {
  adapter.use((request: ExpressRequest, response: object, next: () => void) => {
    if (!mayBeLogout(request.url) || routedPath(request) !== path() || isPreflight(request)) {
      next();
      return;
    }
    void passThrough(door, request).then((passage) => {
      if (passage === 'in') next();
      else if (passage !== 'aborted') send(adapter, response, passage);
    });
  });
}

async function passThrough(door: Door, request: ExpressRequest): Promise<Passage> {
  const passage = await door.enter(request);
  if (passage !== 'in') return passage;
  request._body = true;
  return door.readBody(request, request);
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
