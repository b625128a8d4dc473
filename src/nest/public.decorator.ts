import { applyDecorators, SetMetadata, type CustomDecorator } from '@nestjs/common';

export const IS_PUBLIC = Symbol('nestjs-logout:public');

/** The route, or every route of the controller, needs no token: `JwtAuthGuard` lets it pass. */
export const Public = (): CustomDecorator<symbol> => SetMetadata(IS_PUBLIC, true);

/** What `SetMetadata` takes, and `Reflector.createDecorator` has as `KEY`. */
export type MetadataKey = string | symbol;

/** What global guards of hosts usually ask for, the framework's own tutorials among them. */
export const USUAL_KEYS: readonly MetadataKey[] = ['isPublic', 'public', 'IS_PUBLIC'];

/** Our routes decide about tokens themselves: a global guard of the host's lets them pass. */
export const PublicForHosts = (keys: readonly MetadataKey[]): ClassDecorator & MethodDecorator =>
  applyDecorators(...keys.map((key) => SetMetadata(key, true)));
