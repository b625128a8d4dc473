import { createRevocation, type RevocationOptions } from '../../../src/express';
import { MemoryRevocationStore } from '../../../src/stores/memory';
import { TestIssuer } from '../../support/tokens';

const issuer = new TestIssuer();
const silent = { onError: () => undefined, auditPrinter: () => undefined };

function create(options: Partial<RevocationOptions> = {}): ReturnType<typeof createRevocation> {
  const store = new MemoryRevocationStore();
  return createRevocation({
    algorithms: ['HS256'],
    keys: issuer.key,
    store,
    ...silent,
    ...options,
  });
}

/** Counts what is asked of it; its first opening fails where the test says so. */
class CountedStore extends MemoryRevocationStore {
  opened = 0;
  closed = 0;

  constructor(private readonly failure?: Error) {
    super();
  }

  override async open(): Promise<void> {
    this.opened += 1;
    if (this.opened === 1 && this.failure !== undefined) throw this.failure;
    await super.open();
  }

  override async close(): Promise<void> {
    this.closed += 1;
    await super.close();
  }
}

describe('Creating a revocation', () => {
  it.each([
    ['an unknown option', { audiences: 'https://api.example' }, /"audiences" must be left out/],
    ['no store', { store: undefined }, /"store" must be a RevocationStore, .+, got undefined\./],
    ['a store that is none', { store: {} }, /"store" must be a RevocationStore, .+, got an object/],
    ['a weak secret', { keys: 'secret' }, /"keys" must be/],
    ['no algorithms', { algorithms: [] }, /"algorithms" must be a non-empty list/],
    ['an empty issuer', { issuer: '' }, /"issuer" must be/],
    ['an empty audience', { audience: [] }, /"audience" must be/],
    ['answers that are none', { answers: 'x' }, /"answers" must be an object/],
    ['an onError that is none', { onError: 1 }, /"onError" must be a function, got 1\./],
    [
      'a printer that is none',
      { auditPrinter: {} },
      /"auditPrinter" must be a function, got an obj/,
    ],
  ])('stops at %s', (_what, options, sentence) => {
    expect(() => create(options as Partial<RevocationOptions>)).toThrow(TypeError);
    expect(() => create(options as Partial<RevocationOptions>)).toThrow(sentence);
  });

  it('stops where there are no options at all', () => {
    expect(() => createRevocation(null as unknown as RevocationOptions)).toThrow(
      new TypeError('nestjs-logout: "options" must be an object, got null.'),
    );
  });

  it('leaves issuer and audience unchecked unless it is told them', () => {
    const { tokens } = create();
    const stranger = issuer.token({ iss: 'https://else.example', aud: 'https://else.example' });
    expect(tokens.verify(stranger)).toMatchObject({ verdict: 'live' });
    expect(tokens.verify(issuer.token({ iss: undefined, aud: undefined }))).toMatchObject({
      verdict: 'live',
    });
  });

  it.each([
    ['issuer', { issuer: 'https://me.example' }],
    ['audience', { audience: ['https://me.example'] }],
  ])('checks the %s it is told', (cause, options) => {
    const { tokens } = create(options);
    expect(tokens.verify(issuer.token())).toEqual({ verdict: 'refused', cause });
  });
});

describe('Opening and closing', () => {
  it('opens the store once, however often it is asked', async () => {
    const store = new CountedStore();
    const revocation = create({ store });
    await Promise.all([revocation.open(), revocation.open()]);
    await revocation.open();
    expect(store.opened).toBe(1);
    await revocation.close();
  });

  it('may be tried again after a failure', async () => {
    const failure = new Error('not yet');
    const store = new CountedStore(failure);
    const revocation = create({ store });
    await expect(revocation.open()).rejects.toBe(failure);
    await expect(revocation.open()).resolves.toBeUndefined();
    expect(store.opened).toBe(2);
    await revocation.close();
  });

  it('closes the store once, also one that could not be opened', async () => {
    const store = new CountedStore(new Error('not yet'));
    const revocation = create({ store });
    const opening = expect(revocation.open()).rejects.toThrow('not yet');
    await Promise.all([revocation.close(), revocation.close()]);
    await opening;
    expect(store.closed).toBe(1);
  });

  it('does not open again what was closed', async () => {
    const store = new CountedStore();
    const revocation = create({ store });
    await revocation.close();
    await expect(revocation.open()).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: 'The revocation store could not open again after close().',
    });
    expect(store.opened).toBe(0);
  });
});

describe('A callback of the host that throws', () => {
  const fail = (): never => {
    throw new Error('the log is full');
  };

  it('does not undo a logout that is committed', async () => {
    const told: unknown[] = [];
    const onError = (error: unknown): unknown => told.push(error);
    const revocation = create({ auditPrinter: fail, onError });
    await expect(revocation.tokens.revoke(issuer.token())).resolves.toBe(true);
    expect(told).toMatchObject([{ message: 'the log is full' }]);
    await revocation.close();
  });

  it('is ignored where it was to be told of another failure', async () => {
    const revocation = create({ auditPrinter: fail, onError: fail });
    await expect(revocation.tokens.revoke(issuer.token())).resolves.toBe(true);
    await revocation.close();
  });
});

describe('Without callbacks of the host', () => {
  it('prints successes and failures of the audit to the console', async () => {
    const log = jest.spyOn(console, 'log').mockImplementation();
    const warn = jest.spyOn(console, 'warn').mockImplementation();
    const revocation = create({ auditPrinter: undefined, onError: undefined });
    const { audit } = revocation;
    audit.committed({ event: 'authn_token_revoked', outcome: 'success' });
    audit.failed({ event: 'authz_fail', outcome: 'failure', reason: 'token_not_own' });
    expect(log.mock.calls).toEqual([['{"event":"authn_token_revoked","outcome":"success"}']]);
    expect(warn.mock.calls).toEqual([
      [expect.stringMatching(/^nestjs-logout: Tokens may live for 31 days/)],
      ['{"event":"authz_fail","outcome":"failure","reason":"token_not_own"}'],
    ]);
    await revocation.close();
    jest.restoreAllMocks();
  });
});
