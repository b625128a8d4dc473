import type { AbstractHttpAdapter } from '@nestjs/core';
import { TokenRejectedError } from '../revocation/errors';
import type { LogoutAnswers } from '../web/answers';
import type { Enforcement } from '../web/enforcement';
import type { PlatformRequest } from '../web/request';
import { mapMaybe, catchMaybe } from '../tokens/maybe-promise';
import type { DeferredAnswers } from './deferred-answers';
import { send } from './send';

const REVOKED = new TokenRejectedError('TOKEN_REVOKED');

/** The part of Fastify that is used here; written out so that Express hosts need no Fastify. */
interface Fastify {
  addHook(
    name: 'onRequest',
    hook: (request: PlatformRequest, reply: object, done: () => void) => void,
  ): void;
}

/**
 * Puts enforcement ahead of all that is registered later: the host's middleware, hooks and guards.
 * @param isOurs whether a route of ours takes the request.
 * @param deferred takes the 500s, which the gate sends.
 */
export function installEnforcement(
  adapter: AbstractHttpAdapter,
  enforcement: Enforcement,
  answers: LogoutAnswers,
  isOurs: (request: PlatformRequest) => boolean,
  deferred: DeferredAnswers,
): void {
  const enforce = (request: PlatformRequest, response: object, next: () => void): void => {
    const outcome = catchMaybe(
      () => enforcement.inspect(request, () => isOurs(request)),
      (error) => answers.answerError(error),
    );
    void mapMaybe(outcome, (known) => {
      if (known !== 'pass' && known !== 'refuse' && enforcement.takesAll) {
        // The tokens were taken away: until the gate, the request is an anonymous one.
        deferred.defer(request, known);
        next();
      } else if (known === 'pass') next();
      else send(adapter, response, known === 'refuse' ? answers.answerError(REVOKED) : known);
    });
  };
  if (adapter.getType() === 'fastify') adapter.getInstance<Fastify>().addHook('onRequest', enforce);
  else adapter.use(enforce);
}
