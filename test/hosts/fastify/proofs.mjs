import { plainProofs } from '../harness/plain-proofs.mjs';

export const title = 'plain Fastify';

export const packages = ['fastify'];

export const proofs = plainProofs('fastify');
