import { Inject, Injectable, type Type } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { AuthOptions } from './auth.options';
import { CHECKED_MODULE } from './registration-check';
import { SessionTokensController } from './session-tokens.controller';
import { SessionsController } from './sessions.controller';

/** The controllers of the routes that need the option `sessions`. */
export const SESSION_CONTROLLERS: readonly Type[] = [SessionsController, SessionTokensController];

/**
 * Takes the controllers out of our module whose option is not set. Nest has the list of controllers
 * before a factory has made the options, and serves what is left once all providers are built. So
 * routes of the host's at those paths are the host's alone, in whatever order modules are imported,
 * and documents show no route that does not exist.
 */
@Injectable()
export class OptionalRoutes {
  constructor(
    { sessions }: AuthOptions,
    modules: ModulesContainer,
    @Inject(CHECKED_MODULE) ours: Type,
  ) {
    if (sessions !== undefined) return;
    for (const { metatype, controllers } of modules.values())
      if (metatype === ours) for (const each of SESSION_CONTROLLERS) controllers.delete(each);
  }
}
