import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AuthModule, RevokedTokensService, type AuthModuleOptions } from 'nestjs-logout';
import { MemoryRevocationStore } from 'nestjs-logout/memory';

interface Attempt {
  readonly options: Omit<AuthModuleOptions, 'store'>;
  readonly tokens: readonly string[];
}

/** The verdicts on the tokens; or what stops the boot. */
async function attempt({ options, tokens }: Attempt): Promise<string> {
  @Module({ imports: [AuthModule.forRoot({ ...options, store: new MemoryRevocationStore() })] })
  class AppModule {}
  try {
    const app = await NestFactory.create(AppModule, { logger: false, abortOnError: false });
    await app.init();
    const service = app.get(RevokedTokensService);
    const found = await Promise.all(tokens.map((token) => service.explain(token)));
    await app.close();
    return ['boots', ...found.map(({ verdict }) => verdict)].join(', ');
  } catch (error) {
    return String(error);
  }
}

/** What becomes of each, as JSON. */
const outcomes: Record<string, string> = {};
const attempts: Record<string, Attempt> = JSON.parse(process.env.ATTEMPTS ?? '{}');
for (const [name, given] of Object.entries(attempts)) outcomes[name] = await attempt(given);
console.log(JSON.stringify(outcomes));
