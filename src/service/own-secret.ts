import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ownFolder } from './embedded-postgres/own-folder';

/**
 * The secret that this user's service made for itself, made now when there is none: 512 random
 * bits, as much as HS512 asks for, kept below `dataDir` with mode 0600, so that tokens outlive a restart.
 */
export function ownSecret(dataDir: string): string {
  const file = join(ownFolder(dataDir), 'jwt-secret');
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, randomBytes(64).toString('base64url'), { mode: 0o600 });
  try {
    // A link appears whole or not at all, and never over a secret that is there.
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft);
  }
  return readFileSync(file, 'utf8').trim();
}
