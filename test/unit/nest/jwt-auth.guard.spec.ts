import { HttpException, Logger, type CanActivate } from '@nestjs/common';
import { HttpAdapterHost, Reflector } from '@nestjs/core';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host';
import { ExpressAdapter } from '@nestjs/platform-express';
import { AuditLog } from '../../../src/audit/audit-log';
import { LogoutAnswers, MESSAGES } from '../../../src/web/answers';
import { JwtAuthGuard } from '../../../src/nest/jwt-auth.guard';
import { Public } from '../../../src/nest/public.decorator';
import { PublicRoutes } from '../../../src/nest/public-routes';
import { RequestAuthenticator, type ValidateHook } from '../../../src/web/request-authenticator';
import type { RevocationStore } from '../../../src/revocation/revocation-store';
import { RevokedTokensService } from '../../../src/revocation/revoked-tokens.service';
import { MemoryRevocationStore } from '../../../src/stores/memory';
import { TokenVerifier } from '../../../src/tokens/verification/token-verifier';
import { ObservedStore, ObservedTrail } from '../../support/stores';
import { TestIssuer } from '../../support/tokens';

class Plain {
  get(): void {
    // What matters is the class.
  }
}

@Public()
class Open extends Plain {}

const issuer = new TestIssuer();

describe('JwtAuthGuard', () => {
  let audit: AuditLog;
  beforeEach(() => {
    Logger.overrideLogger(false);
    audit = new AuditLog(new ObservedTrail(), () => undefined);
  });
  afterEach(() => audit.close());

  const guardOf = (store: RevocationStore, validate?: ValidateHook): CanActivate => {
    const verifier = new TokenVerifier({
      algorithms: ['HS256'],
      keys: issuer.key,
      issuer: null,
      audience: null,
    });
    const adapterHost = new HttpAdapterHost();
    adapterHost.httpAdapter = new ExpressAdapter();
    return new JwtAuthGuard(
      new RequestAuthenticator(new RevokedTokensService(verifier, store, audit), validate),
      new LogoutAnswers(MESSAGES.es, 403),
      new PublicRoutes(new Reflector(), []),
      adapterHost,
    );
  };
  const requestOf = (token?: string) => ({
    user: undefined as unknown,
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    rawHeaders: [],
  });
  const contextOf = (request: object, controller: new () => Plain = Plain) => {
    const response = { setHeader: () => undefined, set: () => undefined, get: () => undefined };
    // eslint-disable-next-line @typescript-eslint/unbound-method
    return new ExecutionContextHost([request, response], controller, Plain.prototype.get);
  };
  const statusOf = (run: () => unknown): unknown => {
    try {
      return run();
    } catch (error) {
      return error instanceof HttpException ? error.getStatus() : error;
    }
  };
  const closedStore = async () => {
    const store = new MemoryRevocationStore();
    await store.close();
    return store;
  };

  it('lets in at once, without a promise, where memory has the answer', () => {
    const request = requestOf(issuer.token({ sub: 'grace' }));
    expect(guardOf(new MemoryRevocationStore()).canActivate(contextOf(request))).toBe(true);
    expect(request.user).toMatchObject({ sub: 'grace' });
  });

  it('lets in once the store has answered, where it has to be asked', async () => {
    const request = requestOf(issuer.token({ sub: 'grace' }));
    const answer = guardOf(new ObservedStore()).canActivate(contextOf(request));
    expect([answer instanceof Promise, request.user]).toEqual([true, undefined]);
    expect(await answer).toBe(true);
    expect(request.user).toMatchObject({ sub: 'grace' });
  });

  it("lets in once the host's hook has answered, where that takes its time", async () => {
    const request = requestOf(issuer.token());
    const guard = guardOf(new MemoryRevocationStore(), ({ sub }) => Promise.resolve({ id: sub }));
    expect(await guard.canActivate(contextOf(request))).toBe(true);
    expect(request.user).toEqual({ id: 'ada' });
  });

  it('gives the documented answer for an error that is thrown at once', async () => {
    const guard = guardOf(await closedStore());
    const failing = guardOf(new MemoryRevocationStore(), () => {
      throw new Error('the users are away');
    });
    const request = requestOf(issuer.token());
    expect(statusOf(() => guard.canActivate(contextOf(request)))).toBe(500);
    expect(statusOf(() => failing.canActivate(contextOf(request)))).toBe(500);
    expect(statusOf(() => guard.canActivate(contextOf(requestOf())))).toBe(401);
    expect(statusOf(() => guard.canActivate(contextOf(requestOf(issuer.expired()))))).toBe(403);
    expect(request.user).toBeUndefined();
  });

  it('gives the documented answer for an error that comes later', async () => {
    const store = new ObservedStore();
    store.canLookUp = false;
    const answer = guardOf(store).canActivate(contextOf(requestOf(issuer.token())));
    await expect(answer).rejects.toMatchObject({ status: 500 });
    const failing = guardOf(new MemoryRevocationStore(), () => Promise.reject(new Error('away')));
    const later = failing.canActivate(contextOf(requestOf(issuer.token())));
    await expect(later).rejects.toMatchObject({ status: 500 });
  });

  it('tells apart a public controller and a guarded one that share a handler', () => {
    const guard = guardOf(new MemoryRevocationStore());
    const statuses = [Plain, Open, Plain, Open].map((controller) =>
      statusOf(() => guard.canActivate(contextOf(requestOf(), controller))),
    );
    expect(statuses).toEqual([401, true, 401, true]);
  });
});
