import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** In PEM; signed by itself, for 127.0.0.1 and localhost. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export const hasOpenssl = (): boolean => spawnSync('openssl', ['version']).status === 0;

/** @param folder where `tls.crt` and `tls.key` are put. */
export function selfSignedCertificate(folder: string): Certificate {
  const [cert, key] = [join(folder, 'tls.crt'), join(folder, 'tls.key')];
  const pair = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key];
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'];
  const { status, stderr } = spawnSync(
    'openssl',
    ['req', '-x509', '-batch', '-days', '1', ...pair, '-out', cert, ...names],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`openssl made no certificate: ${stderr}`);
  return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
}
