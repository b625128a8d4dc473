import type { AddressInfo } from 'node:net';
import express from 'express';
import { createRevocation } from 'nestjs-logout/express';
import { MemoryRevocationStore } from 'nestjs-logout/memory';

const revocation = createRevocation({
  algorithms: ['HS256'],
  keys: process.env.JWT_SECRET ?? '',
  store: new MemoryRevocationStore(),
});

const app = express();
app.post('/logout', revocation.logout);
app.use(express.json());
app.get('/protected', revocation.verifyToken, (_request, response) => {
  response.json({ message: 'Access granted' });
});

const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
process.once('SIGTERM', () => server.close(() => void revocation.close()));
