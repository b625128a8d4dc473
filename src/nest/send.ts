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

export function setHeaders(
  adapter: AbstractHttpAdapter,
  response: object,
  headers: Readonly<Record<string, string>>,
): void {
  for (const [name, value] of Object.entries(headers)) adapter.setHeader(response, name, value);
}
