/** A plain Express app with a logout that works: `npm run example:express`. */
import express from 'express';
import { DataSource } from 'typeorm';
// In your project: from 'nestjs-logout/express', 'nestjs-logout/memory', 'nestjs-logout/postgres'.
import { createRevocation, type RevocationStore } from '../../src/express';
import { MemoryRevocationStore } from '../../src/stores/memory';
import { PostgresRevocationStore } from '../../src/postgres';

const { PORT = '3000', HOST = '127.0.0.1', JWT_SECRET = '', DATABASE_URL = '' } = process.env;

function makeStore(): RevocationStore {
  if (DATABASE_URL !== '')
    return new PostgresRevocationStore(new DataSource({ type: 'postgres', url: DATABASE_URL }));
  console.warn('No DATABASE_URL: revocations are kept in memory, and forgotten at a restart.');
  return new MemoryRevocationStore();
}

async function main(): Promise<void> {
  if (Buffer.byteLength(JWT_SECRET) < 32)
    throw new Error('JWT_SECRET must have at least 32 bytes. Make one: openssl rand -hex 32');
  if (!/^\d{1,5}$/.test(PORT) || Number(PORT) > 65_535)
    throw new Error('PORT must be a whole number from 0 to 65535.');
  const revocation = createRevocation({
    algorithms: ['HS256'],
    keys: JWT_SECRET,
    maxLifetimeSeconds: 86_400, // no longer than your tokens live
    store: makeStore(),
  });
  await revocation.open();

  const app = express().disable('x-powered-by');
  app.post('/logout', revocation.logout); // ahead of any body parser: it reads its own body
  app.get('/protected', revocation.verifyToken, (_request, response) => {
    response.json({ message: 'Access granted' });
  });

  const server = app.listen(Number(PORT), HOST, (error) => {
    if (error !== undefined) {
      stop(error);
      return;
    }
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : PORT;
    console.log(`Listening on http://${HOST}:${String(port)}: POST /logout, GET /protected`);
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => server.close(() => void revocation.close()));
}

/** Stops with a sentence, not with a stack. */
function stop(error: unknown): void {
  const sentence = error instanceof Error ? error.message : String(error);
  const { cause } = error instanceof Error ? error : {};
  console.error(cause instanceof Error ? `${sentence} (${cause.message})` : sentence);
  process.exit(1);
}

main().catch(stop);
