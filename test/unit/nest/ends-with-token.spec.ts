import { EventEmitter } from 'node:events';
import {
  Sse,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
  type Type,
} from '@nestjs/common';
import { NEVER, type Observable } from 'rxjs';
import { EndsWithToken } from '../../../src';
import { LiveConnections } from '../../../src/live/live-connections';
import { MemoryRevocationStore } from '../../../src/stores/memory';
import { verifiedToken } from '../../../src/testing/test-token';
import { giveToken } from '../../../src/web/request-authenticator';

class Host {
  @Sse()
  @EndsWithToken()
  events(): void {
    // Its events are those of the call handler below.
  }
}

describe('@EndsWithToken', () => {
  it('hears of a client that goes away, where the framework does not', () => {
    const rules = { liveGraceMs: 4000, clockToleranceSeconds: 0, onError: () => undefined };
    const connections = new LiveConnections(new MemoryRevocationStore(), rules);
    const { events } = Object.getOwnPropertyDescriptors(Host.prototype);
    const handler = events.value as () => void;
    const [Interceptor] = Reflect.getMetadata('__interceptors__', handler) as Type[];
    const request = { headers: {}, rawHeaders: [] };
    giveToken(request, verifiedToken());
    const response = Object.assign(new EventEmitter(), { destroyed: false });
    const http = { getRequest: () => request, getResponse: () => response };
    const context = { getHandler: () => handler, switchToHttp: () => http };
    const next: CallHandler = { handle: () => NEVER };
    const interceptor = new (Interceptor as Type<NestInterceptor>)({
      connections,
    });
    const stream = interceptor.intercept(context as unknown as ExecutionContext, next);
    let isComplete = false;
    (stream as Observable<unknown>).subscribe({
      complete: () => {
        isComplete = true;
      },
    });
    expect([connections.size, isComplete]).toEqual([1, false]);
    response.emit('close');
    expect([connections.size, isComplete, response.eventNames()]).toEqual([0, true, []]);
  });
});
