import { describeHostileCases } from './suite';

describeHostileCases('fastify');
