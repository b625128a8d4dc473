import { AuthModule } from 'nestjs-logout';
import { MemoryRevocationStore } from 'nestjs-logout/memory';

/** The rules of every application here, unless it is about rules. */
export const rules = {
  algorithms: ['HS256'],
  keys: process.env.JWT_SECRET ?? '',
  issuer: null,
  audience: null,
} as const;

/** With further options, or others, from the variable OPTIONS. */
export const logoutInMemory = () =>
  AuthModule.forRoot({
    ...rules,
    ...JSON.parse(process.env.OPTIONS ?? '{}'),
    store: new MemoryRevocationStore(),
  });
