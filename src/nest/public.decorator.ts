import { applyDecorators, SetMetadata, type CustomDecorator } from '@nestjs/common';

export const IS_PUBLIC = Symbol('nestjs-logout:public');

/** The route, or every route of the controller, needs no token: `JwtAuthGuard` lets it pass. */
export const Public = (): CustomDecorator<symbol> => SetMetadata(IS_PUBLIC, true);

/** What global guards of hosts usually ask for, the framework's own tutorials among them. */
const USUAL_KEYS = ['isPublic', 'public', 'IS_PUBLIC'];

/** Our routes decide about tokens themselves: a global guard of the host's lets them pass. */
export const PublicForHosts = (): ClassDecorator & MethodDecorator =>
  applyDecorators(...USUAL_KEYS.map((key) => SetMetadata(key, true)));
