import { Inject, Injectable, type Type } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { hasBackchannel } from '../tokens/verification/resolved-rules';
import type { MultiIssuerRules, TokenRules } from '../tokens/verification/token-rules';
import type { RouteNeed } from '../web/route';
import { AuthOptions } from './auth.options';
import { IntrospectionController } from './introspection.controller';
import { BackchannelLogoutController } from './backchannel-logout.controller';
import { KeysController } from './keys.controller';
import { CHECKED_MODULE } from './registration-check';
import { SessionTokensController } from './session-tokens.controller';
import { SessionsController } from './sessions.controller';

/** The controllers of routes by what these need. */
const CONTROLLERS: Readonly<Record<RouteNeed, readonly Type[]>> = {
  sessions: [SessionsController, SessionTokensController],
  publishedKeys: [KeysController],
  introspectionCallers: [IntrospectionController],
  backchannel: [BackchannelLogoutController],
};

/** The controllers of routes that need something. */
export const OPTIONAL_CONTROLLERS: readonly Type[] = Object.values(CONTROLLERS).flat();

/** The options that routes need, checked or not. */
interface NeedingOptions {
  readonly sessions?: AuthOptions['sessions'];
  readonly introspectionCallers?: unknown;
  readonly tokenRules: TokenRules | MultiIssuerRules;
}

/** The needs of routes that the options meet. */
export function needsMetBy({
  sessions,
  introspectionCallers,
  tokenRules,
}: NeedingOptions): ReadonlySet<RouteNeed> {
  const met = new Set<RouteNeed>();
  if (sessions !== undefined) met.add('sessions');
  if (sessions !== undefined && sessions.signingKeys.published.length > 0) met.add('publishedKeys');
  if (introspectionCallers !== undefined) met.add('introspectionCallers');
  if (hasBackchannel(tokenRules)) met.add('backchannel');
  return met;
}

/**
 * Takes the controllers out of our module whose need is not met. Nest has the list of controllers
 * before a factory has made the options, and serves what is left once all providers are built. So
 * routes of the host's at those paths are the host's alone, in whatever order modules are imported,
 * and documents show no route that does not exist.
 */
@Injectable()
export class OptionalRoutes {
  constructor(options: AuthOptions, modules: ModulesContainer, @Inject(CHECKED_MODULE) ours: Type) {
    const met = needsMetBy(options);
    const needless = Object.entries(CONTROLLERS).flatMap(([need, each]) =>
      [...met].some((one) => one === need) ? [] : each,
    );
    for (const { metatype, controllers } of modules.values())
      if (metatype === ours) for (const each of needless) controllers.delete(each);
  }
}
