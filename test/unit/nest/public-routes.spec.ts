import { SetMetadata } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host';
import { Public, USUAL_KEYS, type MetadataKey } from '../../../src/nest/public.decorator';
import { PublicRoutes } from '../../../src/nest/public-routes';

const OWN = Symbol('open to all');
const Anyone = Reflector.createDecorator<boolean>();

class Guarded {
  plain(): void {
    // What matters is what stands at the handlers.
  }
  @SetMetadata('isPublic', true) isPublic(): void {
    this.plain();
  }
  @SetMetadata('public', true) public(): void {
    this.plain();
  }
  @SetMetadata('IS_PUBLIC', true) constant(): void {
    this.plain();
  }
  @SetMetadata('isPublic', false) no(): void {
    this.plain();
  }
  @SetMetadata('isPublic', undefined) unset(): void {
    this.plain();
  }
  @SetMetadata('isPublic', 'true') text(): void {
    this.plain();
  }
  @SetMetadata(OWN, true) own(): void {
    this.plain();
  }
  @Anyone(true) anyone(): void {
    this.plain();
  }
  @Public() ours(): void {
    this.plain();
  }
}

@SetMetadata('isPublic', true)
class Open {
  plain(): void {
    // As its class says.
  }
  @SetMetadata('isPublic', false) no(): void {
    this.plain();
  }
}

function publicIn(type: typeof Guarded | typeof Open, keys: readonly MetadataKey[]): string[] {
  const routes = new PublicRoutes(new Reflector(), keys);
  const handlers = Object.entries(Object.getOwnPropertyDescriptors(type.prototype));
  return handlers
    .filter(([name, { value }]) => {
      const context = new ExecutionContextHost([], type, value as () => void);
      return name !== 'constructor' && routes.isPublic(context);
    })
    .map(([name]) => name);
}

describe('A handler needs no token', () => {
  it('where one of the usual keys is true at it, and not where it is false, unset or text', () => {
    expect(publicIn(Guarded, USUAL_KEYS)).toEqual(['isPublic', 'public', 'constant', 'ours']);
  });

  it('where the key is true at its class, unless it says otherwise itself', () => {
    expect(publicIn(Open, USUAL_KEYS)).toEqual(['plain']);
  });

  it('by the keys that the host names instead, symbols and those of Reflector among them', () => {
    expect(publicIn(Guarded, [OWN, Anyone.KEY])).toEqual(['own', 'anyone', 'ours']);
    expect(publicIn(Open, [OWN])).toEqual([]);
  });

  it('by @Public() alone where the host names no key', () => {
    expect(publicIn(Guarded, [])).toEqual(['ours']);
  });
});
