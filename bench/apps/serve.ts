import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { onGoodbye } from '../processes';

/** What an app says once it listens. */
export interface AppReady {
  readonly url: string;
  /** What else its client sends with each request, beside the same bearer token as to all. */
  readonly headers: Readonly<Record<string, string>>;
  /** Where its users log out; after that it must refuse their token. */
  readonly logoutPath?: string | undefined;
}

/** What every app's guarded route, `GET /me`, answers. */
export const ME = { hello: 'ada' };

/** What every app's `POST` answers. */
export const DONE = { success: true, message: 'Sesión cerrada exitosamente' };

/**
 * Serves the module on the platform that is wanted, without a log, until the bench leaves; on the
 * port LISTEN_ON where that is set.
 */
export async function serve(
  module: object,
  { headers = {}, logoutPath }: Partial<AppReady> = {},
): Promise<void> {
  const running: { app?: INestApplication } = {};
  onGoodbye(() => running.app?.close());
  const isFastify = process.env.PLATFORM === 'fastify';
  const adapter = isFastify ? new FastifyAdapter() : new ExpressAdapter();
  const app = await NestFactory.create(module, adapter, { logger: false, abortOnError: false });
  running.app = app;
  await app.listen(Number(process.env.LISTEN_ON ?? 0), '127.0.0.1');
  const ready: AppReady = { url: await app.getUrl(), headers, logoutPath };
  process.send?.(ready);
}

/** A setting that the bench gives its apps. */
export function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: apps are started by the bench`);
  return value;
}
