import type { ExecutionContext } from '@nestjs/common';
import type { Reflector } from '@nestjs/core';
import { IS_PUBLIC, type MetadataKey } from './public.decorator';

/** Knows the handlers that need no token: by `@Public()`, or by a key of `publicMetadata`. */
export class PublicRoutes {
  private readonly keys: readonly MetadataKey[];
  /** By controller and handler; decorators do not change, and asking them costs every request. */
  private readonly known = new WeakMap<object, WeakMap<object, boolean>>();

  constructor(
    private readonly reflector: Reflector,
    publicMetadata: readonly MetadataKey[],
  ) {
    this.keys = [IS_PUBLIC, ...publicMetadata];
  }

  isPublic(context: ExecutionContext): boolean {
    const [type, handler] = [context.getClass(), context.getHandler()];
    const known = this.known.get(type)?.get(handler);
    if (known !== undefined) return known;
    // Of one key, what the handler says counts more than what its class says.
    const isPublic = this.keys.some(
      (key) => this.reflector.getAllAndOverride<unknown>(key, [handler, type]) === true,
    );
    const routes = this.known.get(type) ?? new WeakMap<object, boolean>();
    this.known.set(type, routes.set(handler, isPublic));
    return isPublic;
  }
}
