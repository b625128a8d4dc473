import { Test } from '@nestjs/testing';
import { INestApplication } from '@nestjs/common';
import request from 'supertest';
import { AppModule } from './../src/app.module';

/** Where the chapter has its guarded route. */
const profile = process.env.PROFILE as string;

describe('logging out', () => {
  let app: INestApplication;

  beforeAll(async () => {
    const fixture = await Test.createTestingModule({ imports: [AppModule] }).compile();
    app = fixture.createNestApplication();
    await app.init();
  });

  afterAll(async () => {
    await app.close();
  });

  const server = () => app.getHttpServer();
  const login = async (): Promise<string> => {
    const credentials = { username: 'john', password: 'changeme' };
    const { body } = await request(server()).post('/auth/login').send(credentials);
    return body.access_token;
  };
  const askProfile = (token: string) =>
    request(server()).get(profile).set('Authorization', `Bearer ${token}`);

  it.each([1, 2, 3, 4, 5])('and in again, time %i', async () => {
    const token = await login();
    await askProfile(token).expect(200);
    await request(server())
      .post('/api/v1/auth/logout')
      .set('Authorization', `Bearer ${token}`)
      .send({ token })
      .expect(200);
    await askProfile(token).expect(401);
    await askProfile(await login()).expect(200);
  });
});
