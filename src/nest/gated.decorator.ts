import {
  applyDecorators,
  createParamDecorator,
  RequestMapping,
  RequestMethod,
  SetMetadata,
  type ExecutionContext,
  type Type,
} from '@nestjs/common';
import { METHOD_METADATA } from '@nestjs/common/constants';
import { admittedOf } from '../web/admitted-request';
import { operationOf } from '../web/openapi';
import type { PlatformRequest } from '../web/request';
import type { Route } from '../web/route';

export const ROUTE = Symbol('nestjs-logout:route');

/**
 * The key that `@ApiOperation` of @nestjs/swagger 11 and 12 writes. It is named here instead of
 * imported: the documents of hosts that have that package show our routes, and no host needs it.
 */
const API_OPERATION = 'swagger/apiOperation';

/** Serves a route of the table of routes: the gate stands before the method, however it is reached. */
export const Gated = (route: Route): MethodDecorator =>
  applyDecorators(
    RequestMapping({ path: route.path, method: RequestMethod[route.method] }),
    SetMetadata(ROUTE, route),
    SetMetadata(API_OPERATION, operationOf(route)),
  );

/** What the gate found in the request; `GateGuard` has let it in. */
export const Admitted = createParamDecorator((_: unknown, context: ExecutionContext) =>
  admittedOf(context.switchToHttp().getRequest<PlatformRequest>()),
);

/**
 * @throws {TypeError} a method of the controller serves requests without an entry in the table of
 * routes, so that the gate would know nothing of it.
 */
export function checkGated(controller: Type, routes: readonly Route[]): void {
  const methods = Object.getOwnPropertyDescriptors(controller.prototype as object);
  for (const [name, descriptor] of Object.entries(methods)) {
    const value: unknown = descriptor.value;
    if (typeof value !== 'function' || !Reflect.hasMetadata(METHOD_METADATA, value)) continue;
    const route = Reflect.getMetadata(ROUTE, value) as Route | undefined;
    if (route === undefined || !routes.includes(route))
      throw new TypeError(
        `nestjs-logout: ${controller.name}.${name} has no entry in the table of routes. Add one in ` +
          'src/web/routes.ts, and decorate the method with @Gated(ROUTES.…) alone.',
      );
  }
}
