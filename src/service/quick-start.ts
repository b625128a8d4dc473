import { randomUUID } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import { JwtService } from '@nestjs/jwt';
import { SIGNATURE_ALGORITHMS, type Algorithm } from '../tokens/keys/algorithms';
import type { ServiceSettings } from './environment';
import { defaultDataDir } from './embedded-postgres/own-folder';

const HOUR_SECONDS = 3600;

const AUDIT_SQL =
  'SELECT occurred_at, event, outcome, subject, token_id, ip ' +
  'FROM auth_events ORDER BY occurred_at DESC LIMIT 5';

/**
 * What a newcomer pastes to see a logout work. Only for a key that the service made for itself:
 * tokens of a real issuer must not be printed.
 */
export function quickStart(url: string, settings: ServiceSettings, operationsUrl = url): string {
  const auth = `${url}/api/v1/auth`;
  const show = `-s -w ' -> %{http_code}\\n'`;
  return [
    `The service listens on ${url} (its documentation: ${operationsUrl}/docs).`,
    'Paste this to see a logout that works:',
    '',
    `TOKEN=${mint(settings)}`,
    `curl ${show} ${auth}/me -H "Authorization: Bearer $TOKEN"`,
    `curl ${show} ${auth}/logout -H "Authorization: Bearer $TOKEN" ` +
      `-H 'Content-Type: application/json' -d "{\\"token\\":\\"$TOKEN\\"}"`,
    `curl ${show} ${auth}/me -H "Authorization: Bearer $TOKEN"`,
    `${dataDirSetting(settings)}npm --prefix '${dirname(defaultDataDir())}' run --silent sql -- ` +
      `"${AUDIT_SQL}"`,
    '',
    'It shows 200 (let in), 200 (logged out), 401 (the same token is refused), and the audit.',
    '',
  ].join('\n');
}

/** The command finds the database by the same setting as the service. */
function dataDirSetting({ dataDir }: ServiceSettings): string {
  return dataDir === undefined ? '' : `DATA_DIR='${resolve(dataDir)}' `;
}

function mint(settings: ServiceSettings): string {
  const { algorithms, issuer, audience, maxLifetimeSeconds } = settings.module;
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

function isSymmetric(algorithm: Algorithm): algorithm is 'HS256' | 'HS384' | 'HS512' {
  return SIGNATURE_ALGORITHMS[algorithm].family === 'symmetric';
}
