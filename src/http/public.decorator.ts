import { SetMetadata, type CustomDecorator } from '@nestjs/common';

export const IS_PUBLIC = Symbol('nestjs-logout:public');

/** The route, or every route of the controller, needs no token: `JwtAuthGuard` lets it pass. */
export const Public = (): CustomDecorator<symbol> => SetMetadata(IS_PUBLIC, true);
