import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Test } from '@nestjs/testing';
import { JwtAuthGuard } from 'nestjs-logout';
import { actAs } from 'nestjs-logout/testing';
import { MeController } from './me.controller.js';

test('GET /me tells who calls', async () => {
  const testing = await Test.createTestingModule({ controllers: [MeController] })
    .overrideGuard(JwtAuthGuard)
    .useValue(actAs({ sub: 'ada' }))
    .compile();
  const app = testing.createNestApplication({ logger: false });
  await app.listen(0, '127.0.0.1');
  try {
    const answer = await fetch(`${await app.getUrl()}/me`);
    assert.deepEqual([answer.status, await answer.json()], [200, { user: 'ada' }]);
  } finally {
    await app.close();
  }
});
