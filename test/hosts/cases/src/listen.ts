import type { INestApplication } from '@nestjs/common';

/** Starts to serve on this machine, and closes everything at SIGTERM. */
export async function listen(app: INestApplication): Promise<void> {
  app.enableShutdownHooks();
  await app.listen(process.env.PORT ?? 3000, '127.0.0.1');
  console.log(`listening on ${await app.getUrl()}`);
}
