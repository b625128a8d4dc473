/** `nestjs-logout/fastify`: the same logout for plain Fastify 5, without Nest. */
export * from '../plain/public-names';
export { createRevocation } from './create-revocation';
export type { FastifyRevocation } from './fastify-revocation';
export type { FastifyHook, FastifyReply, FastifyRequest, FastifyRoute } from './http-types';
