import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from './embedded-postgres/own-folder';

interface Package {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly author: string;
  readonly homepage: string;
  readonly bugs: string;
}

/** What our package.json says of us. */
export const PACKAGE = JSON.parse(
  readFileSync(join(packageRoot(), 'package.json'), 'utf8'),
) as Package;
