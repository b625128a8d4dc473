import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import express, { type NextFunction, type Request, type Response } from 'express';
import { expressjwt, UnauthorizedError, type Request as JwtRequest } from 'express-jwt';
import jwt from 'jsonwebtoken';
import { createRevocation } from 'nestjs-logout/express';
import { PostgresRevocationStore } from 'nestjs-logout/postgres';
import { DataSource } from 'typeorm';

const privateKey = process.env.JWT_PRIVATE_KEY ?? '';
const publicKey = process.env.JWT_PUBLIC_KEY ?? '';

const revocation = createRevocation({
  algorithms: ['RS256'],
  keys: publicKey,
  store: new PostgresRevocationStore(
    new DataSource({ type: 'postgres', url: process.env.DATABASE_URL }),
  ),
});

const app = express();
app.use(revocation.enforce);
app.post('/logout', revocation.logout);
app.use(express.json());

app.get('/', (_request, response) => {
  response.json([]);
});

app.post('/login', (request, response) => {
  const { username, password } = request.body as Record<string, string>;
  if (username !== 'john' || password !== 'changeme') {
    response.status(401).json({ error: 'unknown_user' });
    return;
  }
  const signing = { algorithm: 'RS256', expiresIn: '1h' } as const;
  response.json({ access_token: jwt.sign({ sub: 1, username }, privateKey, signing) });
});

app.get(
  '/profile',
  expressjwt({ secret: publicKey, algorithms: ['RS256'] }),
  (request: JwtRequest, response: Response) => {
    response.json(request.auth);
  },
);

app.use((error: Error, _request: Request, response: Response, next: NextFunction) => {
  if (error instanceof UnauthorizedError) response.status(error.status).json({ error: error.code });
  else next(error);
});

async function main(): Promise<void> {
  await revocation.open();
  const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
    console.log(`listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  });
  process.once('SIGTERM', () => server.close(() => void revocation.close()));
}

void main();
