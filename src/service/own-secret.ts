import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { existingFolder, ownFolder, type DataPlace } from './embedded-postgres/own-folder';

const FILE = 'jwt-secret';

/** The secret that a service has made for itself below `dataDir`; `undefined` where none has. */
export function existingSecret(dataDir: string): string | undefined {
  const file = join(existingFolder(dataDir) ?? dataDir, FILE);
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
}

/**
 * The secret that this user's service made for itself, made now when there is none: 512 random
 * bits, as much as HS512 asks for, kept below its `dataDir` with mode 0600, so that tokens outlive a restart.
 */
export function ownSecret(place: DataPlace): string {
  const file = join(ownFolder(place), FILE);
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
