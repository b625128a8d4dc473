import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { WebSocketAdapter } from '@nestjs/common';
import { ApplicationConfig } from '@nestjs/core';
import { UpgradeRequests, upgradeRequest } from '../../../src/nest/contexts/sockets';

type Connected = (client: object, ...rest: unknown[]) => void;

/** An adapter of Nest, as far as clients connect to it. */
class Adapter implements WebSocketAdapter {
  connect: Connected = () => undefined;

  create(): object {
    return {};
  }
  bindClientConnect(_: unknown, connected: Connected): void {
    this.connect = connected;
  }
  bindMessageHandlers(): void {
    // No message comes.
  }
  close(): void {
    // Nothing is open.
  }
}

const upgrade = (): IncomingMessage => {
  const request = new IncomingMessage(new Socket());
  request.headers.authorization = 'Bearer abc';
  request.rawHeaders.push('Authorization', 'Bearer abc');
  return Object.assign(request, { method: 'GET', url: '/live' });
};

describe('The upgrade request of a client of ws', () => {
  let adapter: Adapter;
  let connected: unknown[][];
  beforeEach(() => {
    const config = new ApplicationConfig();
    new UpgradeRequests(config);
    [adapter, connected] = [new Adapter(), []];
    config.setIoAdapter(adapter);
    config.getIoAdapter().bindClientConnect({}, (...args: unknown[]) => connected.push(args));
  });

  it('is known from the connection on, and the gateway still gets both', () => {
    const [client, request] = [{}, upgrade()];
    expect(upgradeRequest(client)).toBeUndefined();
    adapter.connect(client, request);
    expect(connected).toEqual([[client, request]]);
    const { headers, rawHeaders } = request;
    expect(upgradeRequest(client)).toEqual({
      ...{ method: 'GET', url: '/live', ip: undefined },
      ...{ headers, rawHeaders },
    });
  });

  it('of another client is not its own, and a client may come without one', () => {
    const other = {};
    adapter.connect({}, upgrade());
    adapter.connect(other);
    expect(connected[1]).toEqual([other]);
    expect(upgradeRequest(other)).toBeUndefined();
  });

  it.each([[undefined], [null], ['client']])('is none of %s', (client) => {
    expect(upgradeRequest(client)).toBeUndefined();
  });
});
