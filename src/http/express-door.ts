import type { AbstractHttpAdapter } from '@nestjs/core';
import type { Readable } from 'node:stream';
import type { Door, Passage } from './door';
import { lenientPath } from './logout-path';
import type { PlatformRequest } from './platform';
import { send } from './send';

/** Hangs the door into an Express application, before whatever is registered after it. */
export function hangIntoExpress(adapter: AbstractHttpAdapter, door: Door, path: () => string): void {
  adapter.use((request: PlatformRequest & Readable, response: object, next: () => void) => {
    // Cross-origin preflights are the host's to answer.
    if (request.method === 'OPTIONS' || lenientPath(request.url) !== path()) {
      next();
      return;
    }
    void passThrough(door, request).then((passage) => {
      if (passage === 'in') next();
      else if (passage !== 'aborted') send(adapter, response, passage);
    });
  });
}

async function passThrough(door: Door, request: PlatformRequest & Readable): Promise<Passage> {
  const passage = await door.enter(request);
  return passage === 'in' ? door.readBody(request, request) : passage;
}
