import type { AddressInfo } from 'node:net';
import fastify from 'fastify';
import { createRevocation } from 'nestjs-logout/fastify';
import { MemoryRevocationStore } from 'nestjs-logout/memory';

const revocation = createRevocation({
  algorithms: ['HS256'],
  keys: process.env.JWT_SECRET ?? '',
  store: new MemoryRevocationStore(),
});

const app = fastify();
app.addHook('onClose', () => revocation.close());
app.post('/logout', revocation.logout);
app.get('/protected', { onRequest: revocation.verifyToken }, () => ({ message: 'Access granted' }));

void app.listen({ port: Number(process.env.PORT ?? 3000), host: '127.0.0.1' }).then(() => {
  console.log(`listening on http://127.0.0.1:${(app.server.address() as AddressInfo).port}`);
});
process.once('SIGTERM', () => void app.close());
