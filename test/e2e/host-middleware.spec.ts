import type { RevocationQuery } from '../../src/tokens/scopes';
import { setTimeout as sleep } from 'node:timers/promises';
import { ExpressAdapter } from '@nestjs/platform-express';
import express, { type RequestHandler } from 'express';
import { MemoryRevocationStore } from '../../src/stores/memory';
import { DOCUMENTED, TestApp } from '../support/app';

const LATE_MS = 150;

class SlowStore extends MemoryRevocationStore {
  override async isRevoked(query: RevocationQuery): Promise<boolean> {
    await sleep(LATE_MS);
    return super.isRevoked(query);
  }
}

/** A timeout as hosts have it: answers by itself when no answer was sent in time. */
const impatient: RequestHandler = (_, response, next) => {
  setTimeout(() => response.status(503).end('late'), LATE_MS / 3);
  next();
};

describe('Beside middleware of an Express host', () => {
  let app: TestApp | undefined;
  afterEach(async () => {
    await app?.close();
    app = undefined;
  });

  it.each(['application/json', 'text/x+json'])(
    'leaves the answer to a timeout of the host that came first (%s)',
    async (type) => {
      const adapter = new ExpressAdapter(express().use(impatient));
      app = await TestApp.start('express', { store: new SlowStore() }, { adapter });
      const token = app.issuer.token();
      const answers = app.logout(token, token).set('Content-Type', type);
      const unhandled: unknown[] = [];
      const note = (error: unknown): number => unhandled.push(error);
      process.on('unhandledRejection', note);
      await answers.expect(503, 'late');
      await sleep(2 * LATE_MS);
      process.off('unhandledRejection', note);
      expect(unhandled).toEqual([]);
    },
  );

  it('answers where the host parses bodies with body-parser 1', async () => {
    const { json } = jest.requireActual<typeof express>('express4');
    app = await TestApp.start('express', {}, { configure: (nest) => void nest.use(json()) });
    await app.logout(app.issuer.token()).expect(200, DOCUMENTED.loggedOut);
  });
});
