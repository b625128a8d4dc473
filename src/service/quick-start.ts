import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { JwtService } from '@nestjs/jwt';
import { DEFAULT_SCHEMA, SchemaNames } from '../../migrations/schema-names';
import { isSymmetric } from '../tokens/keys/algorithms';
import { packageRoot } from './embedded-postgres/own-folder';
import { SERVICE_OPTIONS, type Environment } from './environment';

const HOUR_SECONDS = 3600;

const auditSql = (schema = DEFAULT_SCHEMA): string =>
  'SELECT occurred_at, event, outcome, subject, token_id, ip ' +
  `FROM ${new SchemaNames(schema).qualify('auth_events')} ORDER BY occurred_at DESC LIMIT 5`;

/**
 * What a newcomer pastes to see a logout work. Only for a key that the service made for itself:
 * tokens of a real issuer must not be printed.
 */
export function quickStart(url: string, settings: Environment, operationsUrl = url): string {
  return [
    `The service listens on ${url} (its documentation: ${operationsUrl}/docs).`,
    'Paste this to see a logout that works:',
    '',
    trial(url, settings, mintTrialToken(settings)),
  ].join('\n');
}

/** The requests to paste, with this token. */
export function trial(url: string, settings: Environment, token: string): string {
  const auth = `${url}/api/v1/auth`;
  const bearer = '-H "Authorization: Bearer $TOKEN"';
  const show = `-s -w ' -> %{http_code}\\n'`;
  return [
    `TOKEN=${token}`,
    // -f: the status decides what the shell does next; the body of a refusal is not shown here.
    `curl -f ${show} ${auth}/me ${bearer} || echo 'No 200: this token is logged out or expired. ` +
      `A fresh one: npm run trial'`,
    `curl ${show} ${auth}/logout ${bearer} ` +
      `-H 'Content-Type: application/json' -d "{\\"token\\":\\"$TOKEN\\"}"`,
    `curl ${show} ${auth}/me ${bearer}`,
    command('sql', settings, ` -- ${quoted(auditSql(settings.store.schema))}`),
    '',
    'It shows 200 (let in), 200 (logged out), 401 (the same token is refused), and the audit.',
    'Each trial spends its token. For the next one, in another terminal:',
    '',
    command('trial', { ...settings, port: Number(new URL(url).port) }),
    '',
  ].join('\n');
}

/** A command of package.json, for a shell in any folder, with the settings that it shares with us. */
function command(name: string, { dataDir, port }: Partial<Environment>, rest = ''): string {
  const settings = [
    dataDir === undefined ? '' : `DATA_DIR=${quoted(resolve(dataDir))} `,
    name !== 'trial' || port === SERVICE_OPTIONS.port.about.default ? '' : `PORT=${port} `,
  ];
  return `${settings.join('')}npm --prefix ${quoted(packageRoot())} run --silent ${name}${rest}`;
}

/** One word of a POSIX shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** A token of a subject of ours, that lives an hour at most. */
export function mintTrialToken(settings: Environment): string {
  const { algorithms = [], issuer, audience, maxLifetimeSeconds } = settings.module;
  // A key of its own is a secret, and a secret has one algorithm.
  const algorithm = algorithms.find(isSymmetric);
  return new JwtService({ secret: settings.key }).sign(
    {
      sub: 'ada',
      ...(issuer !== null && { iss: issuer }),
      ...(audience !== null && { aud: audience }),
    },
    {
      algorithm,
      expiresIn: Math.min(HOUR_SECONDS, maxLifetimeSeconds ?? HOUR_SECONDS),
      jwtid: randomUUID(),
    },
  );
}
