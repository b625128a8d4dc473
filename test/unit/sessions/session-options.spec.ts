import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { sessions } from '../../../src/sessions/session-options';
import { MemoryRevocationStore } from '../../../src/stores/memory';
import { coreWithSessions, sessionOptions } from '../../support/sessions';

const read = (options: object) => sessions.read({ ...sessionOptions(), ...options }, 'sessions');
const secret = randomBytes(32);

describe('The option sessions', () => {
  it('needs keys, an issuer and an audience, and has a default for all else', () => {
    expect(read({})).toMatchObject({
      accessSeconds: 900,
      idleSeconds: 604_800,
      absoluteSeconds: 2_592_000,
      graceSeconds: 10,
      maxPerSubject: 100,
      auditRefreshes: true,
    });
  });

  it.each([
    ['accessSeconds', 59],
    ['accessSeconds', 3601],
    ['idleSeconds', 1799],
    ['idleSeconds', 31_622_401],
    ['absoluteSeconds', 604_799],
    ['absoluteSeconds', 34_560_001],
    ['graceSeconds', 61],
    ['graceSeconds', -1],
    ['maxPerSubject', 0],
    ['maxPerSubject', 1001],
    ['auditRefreshes', 'yes'],
    ['claims', {}],
    ['issuer', ''],
    ['issuer', undefined],
    ['audience', []],
    ['audience', ['']],
    ['clientId', ''],
    ['signingKeys', []],
    ['signingKeys', generateKeyPairSync('ed25519').publicKey],
    ['refreshKeys', 'short'],
    ['refreshKeys', []],
    ['refreshKeys', Array.from({ length: 5 }, () => randomBytes(32))],
    ['refreshKeys', [secret, secret]],
    ['refreshKeys', generateKeyPairSync('ed25519').privateKey],
    ['cookies', true],
  ])('is refused with the name of its member: %s %p', (name, value) => {
    expect(() => read({ [name]: value })).toThrow(`"sessions.${name}`);
  });

  it.each([[null], ['on'], [true]])('is an object: %p is none', (value) => {
    expect(() => sessions.read(value, 'sessions')).toThrow('"sessions"');
  });

  it('stops the boot where its own tokens would be refused', () => {
    const audience = Array.from({ length: 9 }, (_, at) => `${at}`.repeat(255));
    const start = () =>
      coreWithSessions(
        new MemoryRevocationStore(),
        { audience },
        { issuers: [], maxTokenBytes: 1024 },
      );
    expect(start).toThrow(/raise maxTokenBytes/);
  });
});
