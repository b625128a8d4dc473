import { Inject, Injectable, Scope, type OnModuleInit, type Type } from '@nestjs/common';
import { ModuleRef, ModulesContainer } from '@nestjs/core';
import { misconfigured } from '../options/misconfiguration';

/** The module that is checked. */
export const CHECKED_MODULE = Symbol('nestjs-logout:module');
/** A provider that depends on all options of the module. */
export const CHECKED_OPTIONS = Symbol('nestjs-logout:options');

/**
 * Stops the boot where the module cannot work as it is registered. It depends on no option itself:
 * with request-scoped options, nothing that does is built at boot.
 */
@Injectable()
export class RegistrationCheck implements OnModuleInit {
  constructor(
    private readonly modules: ModulesContainer,
    private readonly moduleRef: ModuleRef,
    @Inject(CHECKED_MODULE) private readonly checked: Type,
  ) {}

  /** @throws {TypeError} saying what to do. */
  onModuleInit(): void {
    const registered = [...this.modules.values()].filter(
      ({ metatype }) => metatype === this.checked,
    );
    if (registered.length > 1)
      throw misconfigured(
        'AuthModule',
        'registered once in an application',
        `${registered.length} registrations`,
        'Call forRoot or forRootAsync in one module alone, with isGlobal: true, or export it from ' +
          'there. Two issuers with a logout each are two applications.',
      );
    if (this.moduleRef.introspect(CHECKED_OPTIONS).scope !== Scope.DEFAULT)
      throw misconfigured(
        'AuthModule.forRootAsync',
        'given options that are the same for every request',
        'a factory that injects a request-scoped provider',
        'Each request would open a store of its own. Inject nothing request-scoped; what depends on ' +
          'the request belongs into the option validate, which is given the request.',
      );
  }
}
