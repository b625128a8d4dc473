import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { failedStart } from '../harness/processes.mjs';
import { signToken } from '../harness/sign-token.mjs';

const node = (file) => [process.execPath, file];

/** Why an application does not start: what it writes. */
const reasonOf = (host, file, env) => failedStart(() => host.run(node(file), env));

const worksWithoutHttp = async (host) => {
  const said = await host.run(node('dist/worker.js'), {
    TOKEN_OF_context: signToken(host.env.JWT_SECRET),
    TOKEN_OF_microservice: signToken(host.env.JWT_SECRET),
  });
  assert.equal(said, 'context revoked\nmicroservice revoked\n');
};

/** What is said of registrations that cannot work. */
const REGISTRATIONS = {
  TwiceModule: /"AuthModule" must be registered once.*with isGlobal: true, or export it/,
  RealmsModule: /"AuthModule" must be registered once.*Two issuers with a logout each are two/,
  RequestScopedModule: /options that are the same for every request.*belongs into.* validate/,
};

const saysWhatIsWrongWithRegistrations = async (host) =>
  assertOutcomes(await outcomesOf(host, 'registrations'), REGISTRATIONS);

const saysTwoCopies = async (host) => {
  const copy = join(host.folder, 'copy', 'node_modules', 'nestjs-logout');
  const own = join(host.folder, 'node_modules', 'nestjs-logout');
  cpSync(own, copy, { recursive: true });
  const env = { OTHER_COPY: join(host.folder, 'copy', 'main.js') };
  const store = await reasonOf(host, 'dist/two-copies.js', { ...env, PART: 'store' });
  assert.match(store, /"store" must be .*, got one of another copy of nestjs-logout/);
  const decorators = await host.run(node('dist/two-copies.js'), env);
  for (const said of [store, decorators]) {
    assert.match(said, /2 copies of nestjs-logout are loaded: .*npm dedupe/);
    for (const folder of [own, copy]) assert.ok(said.includes(folder), folder);
  }
};

const BROUGHT = [
  ...['lru-cache', '@opentelemetry/api'],
  ...['@nestjs/common', '@nestjs/core', 'reflect-metadata', 'rxjs'],
];

/** A folder in which Node finds the package, what npm installs with it, and Nest; nothing else. */
const namesMissingPackages = async (host) => {
  const folder = join(dirname(host.folder), 'bare');
  const [installed, modules] = [host.folder, folder].map((at) => join(at, 'node_modules'));
  for (const scope of ['@nestjs', '@opentelemetry'])
    mkdirSync(join(modules, scope), { recursive: true });
  cpSync(join(installed, 'nestjs-logout'), join(modules, 'nestjs-logout'), { recursive: true });
  for (const name of BROUGHT) symlinkSync(join(installed, name), join(modules, name));
  const main = join(folder, 'main.cjs');
  writeFileSync(main, "require('nestjs-logout');");
  const reason = await failedStart(() => host.run(node(main)));
  assert.ok(
    reason.includes(
      'nestjs-logout needs packages that are not installed: npm install @nestjs/passport ' +
        'class-validator passport',
    ),
    reason,
  );
};

const OPEN = { issuer: null, audience: null };
const LIVE = /^boots, live$/;

/** Keys as they come from variables, files and consoles, and what becomes of each. */
function keyForms({ JWT_SECRET: secret, JWT_PUBLIC_KEY: pem, JWT_PRIVATE_KEY: privatePem }) {
  const jwk = { ...createPublicKey(pem).export({ format: 'jwk' }), alg: 'RS256' };
  const signed = signToken(privatePem, {}, { kid: 'k7' });
  const rs256 = (keys) => ({ algorithms: ['RS256'], keys, ...OPEN });
  const hs256 = (keys) => ({ algorithms: ['HS256'], keys, ...OPEN });
  const twoKinds = [
    { key: secret, algorithm: 'HS256' },
    { key: pem, algorithm: 'RS256' },
  ];
  const eightKeys = Array.from({ length: 8 }, (_, at) => ({ key: pem, kid: `k${at}` }));
  return {
    'line breaks written as \\n': [rs256(pem.replaceAll('\n', '\\n')), LIVE, signed],
    'line breaks of Windows': [rs256(pem.replaceAll('\n', '\r\n')), LIVE, signed],
    quotes: [rs256(`"${pem}"`), LIVE, signed],
    base64: [rs256(Buffer.from(pem).toString('base64')), /not PEM throughout/],
    'blanks for line breaks': [rs256(pem.replaceAll('\n', ' ')), /its line breaks are line breaks/],
    'a private key': [rs256(privatePem), /Verifying needs only the public key/],
    'a JWK': [rs256(jwk), /createPublicKey\(\{ key: jwk/],
    'a JWKS': [rs256({ keys: [jwk] }), /createPublicKey\(\{ key: jwk/],
    'a JWKS as text': [rs256(JSON.stringify({ keys: [jwk] })), /createPublicKey\(\{ key: jwk/],
    'no variable': [rs256(undefined), /"keys" must be .* got undefined/],
    'a name for a list': [{ ...rs256(pem), algorithms: 'RS256' }, /must be a non-empty list/],
    'a short secret': [hs256('secret'), /at least 32 bytes .*openssl rand/],
    'a secret with a line break behind': [hs256(`${secret}\n`), LIVE, signToken(secret)],
    "passport-jwt's name for it": [
      { ...hs256(), secretOrKey: secret },
      /"secretOrKey" must be left/,
    ],
    'no issuer': [{ ...rs256(pem), issuer: undefined }, /"issuer" must be .* null to leave it/],
    'eight keys with a name each': [rs256(eightKeys), LIVE, signed],
    'a secret beside a key pair': [
      { algorithms: ['HS256', 'RS256'], keys: twoKinds, ...OPEN },
      /^boots, live, live, refused$/,
      ...[signToken(secret), signed, signToken('of somebody else')],
    ],
  };
}

const saysWhatIsWrongWithKeys = async (host) => {
  const forms = keyForms(host.env);
  const attempts = JSON.stringify(
    mapValues(forms, ([options, , ...tokens]) => ({ options, tokens })),
  );
  const outcomes = await outcomesOf(host, 'key-forms', { ATTEMPTS: attempts });
  assertOutcomes(
    outcomes,
    mapValues(forms, ([, expected]) => expected),
  );
};

const outcomesOf = async (host, program, env) =>
  JSON.parse(await host.run(node(`dist/${program}.js`), env));

function assertOutcomes(outcomes, expected) {
  for (const [name, pattern] of Object.entries(expected))
    assert.ok(pattern.test(outcomes[name]), `${name}: ${outcomes[name]}`);
}

const mapValues = (record, change) =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));

export const bootProofs = {
  'B65: workers, commands and microservices can import its module, and revoke': worksWithoutHttp,
  'B10, B12: two registrations, two realms and request-scoped options stop the boot, and say what to do':
    saysWhatIsWrongWithRegistrations,
  'B13: its tests replace our guard by actAs, and @CurrentToken() is filled': (host) =>
    host.run(['npm', 'test']),
  'B23, B92: keys are read as they come, old beside new ones, or the boot says what is wrong':
    saysWhatIsWrongWithKeys,
  'B47: two copies of the package are told, and where they stand': saysTwoCopies,
  'B83: packages that are missing are named together, at import': namesMissingPackages,
};
