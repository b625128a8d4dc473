import type { Server } from 'node:http';
import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import request from 'supertest';
import { AppModule } from '../src/app.module';

describe('a host that tests its own application', () => {
  let app: INestApplication<Server>;

  beforeAll(async () => {
    const moduleRef = await Test.createTestingModule({ imports: [AppModule] }).compile();
    app = moduleRef.createNestApplication();
    await app.init();
  });

  afterAll(async () => {
    await app.close();
  });

  async function login(): Promise<string> {
    const { body } = await request(app.getHttpServer()).post('/login').send({ user: 'ada' });
    return (body as { accessToken: string }).accessToken;
  }

  const me = (token: string) =>
    request(app.getHttpServer()).get('/me').auth(token, { type: 'bearer' });

  const logout = (token: string) =>
    request(app.getHttpServer())
      .post('/api/v1/auth/logout')
      .auth(token, { type: 'bearer' })
      .send({ token });

  it('refuses a token once it is logged out', async () => {
    const token = await login();
    await me(token).expect(200, { user: 'ada' });
    await logout(token).expect(200, { success: true, message: 'Sesión cerrada exitosamente' });
    await me(token).expect(401, { success: false, message: 'Token no proporcionado o inválido' });
  });

  it('leaves the other tokens of the user alone', async () => {
    const [lost, kept] = [await login(), await login()];
    await logout(lost).expect(200);
    await me(kept).expect(200, { user: 'ada' });
  });

  it('answers a body that is no JSON before its own parser does', async () => {
    await request(app.getHttpServer())
      .post('/api/v1/auth/logout')
      .set('Content-Type', 'application/json')
      .send('{')
      .expect(400, { success: false, message: 'Solicitud inválida' });
  });
});
