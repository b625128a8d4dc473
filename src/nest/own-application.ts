import type { Type } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';
import { copiesLoaded } from '../options/copies';

/**
 * Under which Nest puts its `ModuleRef` into classes that hosts extend. A symbol: a private member of
 * a subclass may have any name.
 */
export const MODULE_REF = Symbol('nestjs-logout:module-ref');

/**
 * A provider of our module, in the application that `moduleRef` belongs to, wherever the host has
 * imported it.
 * @param asker the entry, and what of it asks.
 * @throws {TypeError} saying what to do: that application has not our module.
 */
export function fromOwnApplication<T>(
  provider: Type<T>,
  moduleRef: ModuleRef | undefined,
  asker: string,
): T {
  const found = moduleRef && findIn(moduleRef, provider);
  if (found !== undefined) return found;
  throw new TypeError(
    [
      `${asker} needs LogoutModule, to ask whether tokens are revoked; this application has none.`,
      'Import LogoutModule.forRoot or forRootAsync of nestjs-logout in one module, such as AppModule.',
      copiesLoaded(),
    ]
      .join(' ')
      .trimEnd(),
  );
}

function findIn<T>(moduleRef: ModuleRef, provider: Type<T>): T | undefined {
  try {
    // While modules are still built it may be known, and not be there yet.
    return moduleRef.get<T, T | null>(provider, { strict: false }) ?? undefined;
  } catch {
    return undefined; // Nest throws where no module has it
  }
}
