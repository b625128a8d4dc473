import { Injectable, type WebSocketAdapter } from '@nestjs/common';
import { ApplicationConfig } from '@nestjs/core';
import type { Envelope } from '../../web/answers';
import { isRequest, type PlatformRequest, type RawRequest } from '../../web/request';
import { rememberToken } from '../../web/request-authenticator';
import { member } from './member';

/** The requests that clients of `ws` were upgraded from, and what our own adapters made of them. */
const upgrades = new WeakMap<object, PlatformRequest>();

/**
 * The upgrade request of a client, with the bearer of socket.io's `handshake.auth.token` where one
 * came: browsers cannot set headers there.
 */
export function upgradeRequest(client: unknown): PlatformRequest | undefined {
  if (typeof client !== 'object' || client === null) return undefined;
  const known = upgrades.get(client);
  if (known !== undefined) return known;
  const request = member(client, 'request');
  if (!isRequest(request)) return undefined;
  const token = member(member(member(client, 'handshake'), 'auth'), 'token');
  return described(request, typeof token === 'string' ? token : undefined);
}

/**
 * From here on the client's messages come with this request, by which it was let in; handlers find
 * its token and user as behind the guard.
 */
export function letIn(client: object, request: PlatformRequest): void {
  upgrades.set(client, request);
  rememberToken(client, request);
  Reflect.set(client, 'user', request.user);
}

/** @param token in place of what the headers carry; with or without its scheme. */
export function described(request: PlatformRequest, token?: string): PlatformRequest & RawRequest {
  const address = member(member(request, 'socket'), 'remoteAddress');
  const { method, url, headers } = request;
  const common = { method, url, ip: typeof address === 'string' ? address : undefined };
  if (token === undefined) return { ...common, headers, rawHeaders: rawHeadersOf(request) };
  const authorization = bearerHeader(token);
  return { ...common, headers: { ...headers, authorization }, rawHeaders: [] };
}

/** @param token with or without its scheme. */
export function bearerHeader(token: string): string {
  return /^bearer /i.test(token) ? token : `Bearer ${token}`;
}

const rawHeadersOf = ({ rawHeaders = [] }: RawRequest): string[] => rawHeaders;

/**
 * Keeps the upgrade request of each client of `ws`: Nest hands it to `handleConnection` alone. Every
 * adapter that the application is given is wrapped, before its servers are made.
 */
@Injectable()
export class UpgradeRequests {
  constructor(config: ApplicationConfig) {
    const set = config.setIoAdapter.bind(config);
    config.setIoAdapter = (adapter) => {
      set(remembering(adapter));
    };
  }
}

type Connected = (client: object, ...rest: unknown[]) => void;

function remembering(adapter: WebSocketAdapter): WebSocketAdapter {
  const bind = adapter.bindClientConnect.bind(adapter);
  adapter.bindClientConnect = (server: unknown, connected: Connected) => {
    bind(server, (client: object, ...rest: unknown[]) => {
      const [request] = rest;
      // An adapter of ours knows the token as well.
      if (isRequest(request) && !upgrades.has(client)) upgrades.set(client, described(request));
      connected(client, ...rest);
    });
  };
  return adapter;
}

/** The bodies of our refusals, and the clients of `ws` that listen for them. */
const bodies = new WeakSet<object>();
const listening = new WeakSet<object>();

interface NativeClient {
  readonly readyState: number;
  on(event: 'exception', listener: (body: object) => void): void;
  send(text: string): void;
}

/**
 * Sends the refusal to a client of `ws` once Nest 11 has emitted it: that emits exceptions on the
 * client object itself, where only this process hears them. Nest 12 sends them in this form.
 */
export function sendWhereEmitted(client: unknown, body: Envelope): void {
  if (!isNative(client)) return;
  bodies.add(body);
  if (listening.has(client)) return;
  listening.add(client);
  client.on('exception', (emitted) => {
    if (bodies.has(emitted)) client.send(JSON.stringify({ event: 'exception', data: emitted }));
  });
}

function isNative(client: unknown): client is NativeClient {
  return typeof member(client, 'readyState') === 'number';
}
