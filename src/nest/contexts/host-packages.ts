export type ContextException = new (error: string | object) => Error;

/**
 * The exception that the filters of such a context know, of the host's own copy of the package. The
 * package is there: the context is its own. Loaded only then, so that other hosts need none.
 */
const EXCEPTIONS: Readonly<Record<string, () => ContextException>> = {
  ws: () => (require('@nestjs/websockets') as typeof import('@nestjs/websockets')).WsException,
  rpc: () =>
    (require('@nestjs/microservices') as typeof import('@nestjs/microservices')).RpcException,
};

/** `undefined`: the context takes an `HttpException`, or its package cannot be loaded from here. */
export function exceptionOf(type: string): ContextException | undefined {
  try {
    return EXCEPTIONS[type]?.();
  } catch {
    // Bundlers take a package for optional only where it is required within `try`.
    return undefined;
  }
}
