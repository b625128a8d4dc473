import type { AbstractHttpAdapter } from '@nestjs/core';
import type { Answer } from './contract';

/** Sends the answer, byte for byte the same on Express and on Fastify. */
export function send(adapter: AbstractHttpAdapter, response: object, answer: Answer): void {
  setHeaders(adapter, response, answer.headers);
  adapter.setHeader(response, 'Content-Type', 'application/json; charset=utf-8');
  adapter.reply(response, JSON.stringify(answer.body), answer.status);
}

export function setHeaders(
  adapter: AbstractHttpAdapter,
  response: object,
  headers: Readonly<Record<string, string>>,
): void {
  for (const [name, value] of Object.entries(headers)) adapter.setHeader(response, name, value);
}
