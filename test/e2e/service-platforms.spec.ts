import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AppModule } from '../../src/app.module';
import { readEnvironment } from '../../src/service/environment';
import { adapterFor } from '../../src/service/http-server';
import { MemoryRevocationStore } from '../../src/stores/memory';
import { PLATFORMS } from '../support/app';
import { exchange, head } from '../support/wire';

describe.each(PLATFORMS)('The platform of the service: %s', (platform) => {
  let app: INestApplication;
  beforeAll(async () => {
    const settings = { ...readEnvironment({ PLATFORM: platform }), key: 'k'.repeat(32) };
    const root = AppModule.from(settings, new MemoryRevocationStore());
    app = await NestFactory.create(root, adapterFor(settings), { logger: false });
    await app.listen(0, '127.0.0.1');
  });
  afterAll(() => app.close());

  it.each(['/%zz', '/api/v1/auth/logout%'])('quotes nothing of the URL %s', async (url) => {
    const answer = await exchange(await app.getUrl(), head(`POST ${url}`, 'Content-Length: 0'));
    expect(answer).toMatchObject({
      status: 404,
      text: '{"success":false,"message":"No encontrado"}',
      headers: {
        'cache-control': 'no-store',
        'strict-transport-security': expect.any(String) as string,
      },
    });
  });
});
