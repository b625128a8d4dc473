import type { AbstractHttpAdapter } from '@nestjs/core';
import { JSON_IN_UTF8, type Answer, type EmptyAnswer } from '../web/answers';

/**
 * Sends the answer, byte for byte the same on Express and on Fastify. Does nothing if the host has
 * answered already, e.g. after a timeout: a second answer would throw an uncaught error.
 */
export function send(
  adapter: AbstractHttpAdapter,
  response: object,
  answer: Answer | EmptyAnswer,
): void {
  if (adapter.isHeadersSent(response)) return;
  setHeaders(adapter, response, answer.headers);
  if ('body' in answer) {
    adapter.setHeader(response, 'Content-Type', JSON_IN_UTF8);
    adapter.reply(response, JSON.stringify(answer.body), answer.status);
  } else adapter.reply(response, undefined, answer.status);
}

/** Also lets scripts of other origins read them, where the host's CORS lets these read the answer. */
export function setHeaders(
  adapter: AbstractHttpAdapter,
  response: object,
  headers: Readonly<Record<string, string>>,
): void {
  for (const [name, value] of Object.entries(headers)) adapter.setHeader(response, name, value);
  const hidden = HIDDEN_FROM_SCRIPTS.filter((name) => name in headers);
  if (hidden.length > 0) expose(adapter, response, hidden);
}

/** Unless the answer names them (Fetch §3.3.2). */
const HIDDEN_FROM_SCRIPTS = ['Retry-After', 'WWW-Authenticate'];

function expose(adapter: AbstractHttpAdapter, response: object, names: readonly string[]): void {
  const listed = (header: string): string[] => {
    const value: unknown = adapter.getHeader(response, header);
    return [value].flat().flatMap((text) => (typeof text === 'string' ? text.split(',') : []));
  };
  if (listed('Access-Control-Allow-Origin').length === 0) return;
  // What the host exposes stays exposed.
  const exposed = listed('Access-Control-Expose-Headers').map((name) => name.trim());
  const known = new Set(exposed.map((name) => name.toLowerCase()));
  const missing = names.filter((name) => !known.has(name.toLowerCase()));
  adapter.setHeader(response, 'Access-Control-Expose-Headers', [...exposed, ...missing].join(', '));
}
