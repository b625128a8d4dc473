import { about } from '../../../src/testing/contract/contract';
import { AuditLog, LogoutAnswers, SessionTerminator, type VerifiedToken } from '../../../src';
import { MESSAGES, type Answer } from '../../../src/web/answers';
import { LogoutEffects } from '../../../src/nest/logout-effects';
import type { PlatformRequest } from '../../../src/web/request';
import { SessionTermination } from '../../../src/logout/session-terminator';
import { MemoryRevocationStore } from '../../../src/stores/memory';

const TOKEN: VerifiedToken = {
  claims: { sub: 'ada', iat: 0, exp: 1 },
  subject: 'ada',
  sessionId: undefined,
  revocationKey: '07'.repeat(32),
  keys: about(['07'.repeat(32)]),
  expiresAtMs: 2000,
};
const SOURCE = { ip: '192.0.2.1' };

class RecordingTerminator extends SessionTerminator {
  readonly name = 'recording';
  readonly calls: unknown[] = [];

  terminate(
    ...[request, token, source]: Parameters<SessionTerminator['terminate']>
  ): Promise<void> {
    this.calls.push([request, token, source]);
    return Promise.resolve();
  }
}

describe('The effects of a logout', () => {
  const terminator = new RecordingTerminator();
  const audit = new AuditLog(new MemoryRevocationStore().audit, () => undefined);
  afterAll(() => audit.close());

  const say = (
    protocol: string | undefined,
    clearSiteData: readonly string[] = [],
  ): Promise<Answer> =>
    new LogoutEffects(
      new SessionTermination([terminator], audit, () => undefined),
      new LogoutAnswers(MESSAGES.es, 403),
      [],
      clearSiteData,
    ).apply(requestOver(protocol), TOKEN, SOURCE);

  const requestOver = (protocol: string | undefined): PlatformRequest => ({
    method: 'POST',
    url: '/',
    headers: {},
    ...(protocol !== undefined && { protocol }),
  });

  it('ends the sessions of the request before it answers', async () => {
    const { status, body } = await say('http');
    expect(terminator.calls).toEqual([[requestOver('http'), TOKEN, SOURCE]]);
    expect([status, body]).toEqual([
      200,
      { success: true, message: 'Sesión cerrada exitosamente' },
    ]);
  });

  it.each<[string | undefined, readonly string[], string | undefined]>([
    ['https', [], undefined],
    ['https', ['cookies'], '"cookies"'],
    ['https', ['cache', 'cookies', 'storage'], '"cache", "cookies", "storage"'],
    ['https', ['*'], '"*"'],
    ['http', ['cookies'], undefined],
    ['HTTPS', ['cookies'], undefined],
    [undefined, ['cookies'], undefined],
  ])('over %s, with %j configured, clears %s', async (protocol, data, header) => {
    const { headers } = await say(protocol, data);
    expect(headers['Clear-Site-Data']).toBe(header);
    expect(headers['Cache-Control']).toBe('no-store');
  });
});
