import { Post } from '@nestjs/common';
import request from 'supertest';
import type { Answer } from '../../src';
import { Admitted, Gated } from '../../src/nest/gated.decorator';
import { LogoutController } from '../../src/nest/logout.controller';
import type { AdmittedRequest } from '../../src/web/admitted-request';
import type { Route } from '../../src/web/route';
import { ROUTES } from '../../src/web/routes';
import { DOCUMENTED, PLATFORMS, TestApp } from '../support/app';

// A new route is one entry of the table, and one method of the controller.
jest.mock('../../src/web/routes', () => {
  const actual = jest.requireActual<typeof import('../../src/web/routes')>('../../src/web/routes');
  const added: Route = { ...actual.ROUTES.logout, path: 'added/:id' };
  const routesFor: typeof actual.routesFor = (met) => [...actual.routesFor(met), added];
  return { ...actual, ROUTES: { ...actual.ROUTES, added }, routesFor };
});

const addedRoute = (ROUTES as unknown as Record<string, Route>).added!;
const ADDED = '/api/v1/auth/added/s1';

function addMethod(name: string, decorator: MethodDecorator): void {
  const value = ({ bearer, body }: AdmittedRequest): object => ({ bearer: bearer.verdict, body });
  const { prototype } = LogoutController;
  const descriptor = { value, configurable: true };
  Object.defineProperty(prototype, name, descriptor);
  decorator(prototype, name, descriptor);
  Admitted()(prototype, name, 0);
}

describe.each(PLATFORMS)('A route that was added to the table on %s', (platform) => {
  let app: TestApp;
  beforeAll(async () => {
    addMethod('added', Gated(addedRoute));
    app = await TestApp.start(platform, { throttleLimit: 9 });
  });
  afterAll(() => app.close());
  const post = () => app.post(ADDED);

  it('is let in with what the gate has found, and is never cached', async () => {
    const bearer = { Authorization: `Bearer ${app.issuer.token()}` };
    await post()
      .set(bearer)
      .send({ a: 1 })
      .expect(201, { bearer: 'live', body: { a: 1 } })
      .expect('Cache-Control', 'no-store');
    await post().expect(201, { bearer: 'missing' });
  });

  it('refuses what cannot be read, in our envelope and without quoting it', async () => {
    await post().type('json').send('{"token": secretTEXT').expect(400, DOCUMENTED.badRequest);
    await post().type('form').send('token=abc').expect(415);
    await post().type('text/plain').send('abc').expect(415);
    await post()
      .send({ a: 'x'.repeat(90_000) })
      .expect(413);
  });

  it('takes its method alone', async () => {
    const answer = await request(app.url).get(ADDED);
    expect([answer.status, answer.headers.allow]).toEqual([405, 'POST']);
  });

  it('is counted: beyond the limit it is a 429 with Retry-After', async () => {
    const seen: Answer['status'][] = [];
    for (let i = 0; i < 4; i += 1) seen.push((await post().send({})).status);
    expect(seen.at(-1)).toBe(429);
    await post()
      .send({})
      .expect(429, DOCUMENTED.tooMany)
      .expect('Retry-After', /^[1-9]\d*$/);
  });
});

describe('A method of our controller without an entry in the table', () => {
  it.each([
    ['as Nest has it', Post('other')],
    ['with an entry of its own making', Gated({ ...ROUTES.logout, path: 'other' })],
  ])('stops the boot: %s', async (_, decorator) => {
    addMethod('other', decorator);
    try {
      await expect(TestApp.start('express')).rejects.toThrow(
        'LogoutController.other has no entry in the table of routes. Add one in src/web/routes.ts',
      );
    } finally {
      Reflect.deleteProperty(LogoutController.prototype, 'other');
    }
  });
});
