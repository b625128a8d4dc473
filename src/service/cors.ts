import type { INestApplication } from '@nestjs/common';
import { routesFor } from '../web/routes';
import type { Environment } from './environment';

/** Browsers ask again before a request when this is over, in seconds. */
const PREFLIGHT_SECONDS = 600;

/**
 * Lets pages of exactly the listed origins use the service, by the CORS of the platform. Without a
 * list no page of another origin can. Before the application listens.
 */
export function allowOrigins(app: INestApplication, { corsOrigins }: Environment): void {
  if (corsOrigins.length === 0) return;
  const methods = new Set(['GET', ...routesFor(new Set()).map(({ method }) => method)]);
  app.enableCors({
    origin: [...corsOrigins],
    methods: [...methods],
    maxAge: PREFLIGHT_SECONDS,
    // Pages that send cookies for a proxy in front must be able to read the answer, too.
    credentials: true,
    // @fastify/cors would answer an OPTIONS that is no preflight in its own words.
    strictPreflight: false,
  });
}
