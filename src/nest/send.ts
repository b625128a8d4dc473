import type { AbstractHttpAdapter } from '@nestjs/core';
import { JSON_IN_UTF8, type Answer, type BareAnswer, type EmptyAnswer } from '../web/answers';
import { exposedHeaders } from '../web/exposed-headers';
import { besideCors, type DocumentAnswer, type UnchangedAnswer } from '../web/published-document';

/**
 * Sends the answer, byte for byte the same on Express and on Fastify. Does nothing if the host has
 * answered already, e.g. after a timeout: a second answer would throw an uncaught error.
 */
export function send(
  adapter: AbstractHttpAdapter,
  response: object,
  answer: Answer | BareAnswer | EmptyAnswer | DocumentAnswer | UnchangedAnswer,
): void {
  if (adapter.isHeadersSent(response)) return;
  setHeaders(adapter, response, answer.headers);
  if ('body' in answer) {
    adapter.setHeader(response, 'Content-Type', JSON_IN_UTF8);
    adapter.reply(response, JSON.stringify(answer.body), answer.status);
  } else if ('text' in answer && adapter.getType() !== 'fastify' && !hasCharset(answer)) {
    // Express itself would add a charset to the media type of any text.
    adapter.status(response, answer.status);
    adapter.end(response, answer.text);
  } else adapter.reply(response, 'text' in answer ? answer.text : undefined, answer.status);
}

/** Also lets scripts of other origins read them, where the host's CORS lets these read the answer. */
export function setHeaders(
  adapter: AbstractHttpAdapter,
  response: object,
  headers: Readonly<Record<string, string>>,
): void {
  const sent = (name: string): unknown => adapter.getHeader(response, name);
  for (const [name, value] of Object.entries(besideCors(headers, sent)))
    adapter.setHeader(response, name, value);
  const exposed = exposedHeaders(headers, sent);
  if (exposed !== undefined) adapter.setHeader(response, 'Access-Control-Expose-Headers', exposed);
}

const hasCharset = ({ headers }: Pick<EmptyAnswer, 'headers'>): boolean =>
  headers['Content-Type']?.includes('charset=') === true;
