// What others reported of packages like this one, tried on ours: the failing cases of issue 9. Each
// proof begins with the number of its case. These are all of them, and the files that prove them:
//
//   B01 B02 B24 B30 B61           tokens that issuers write              token-proofs.mjs
//   B03 B04 B22 B38 B55 B64 B69   hosts that shape requests or routes    shaped-proofs.mjs
//   B10 B12 B13 B23 B47 B65       hosts that boot, or should not         boot-proofs.mjs
//   B83 B92
//   B15 B17 B18 B19 B34 B66 B68   hosts that share a database with us    database-proofs.mjs
//   B05                           a login in the second of the logout    ../tutorial/proofs.mjs
//   B06 B08 B09                   guards outside HTTP                    ../contexts/proofs.mjs
import { bootProofs } from './boot-proofs.mjs';
import { databaseApps, databaseProofs } from './database-proofs.mjs';
import { shapedApps } from './shaped-proofs.mjs';
import { tokenApps } from './token-proofs.mjs';

export const title = 'Nest 12, reported cases';

export const packages = ['@nestjs/common', '@nestjs/core', '@nestjs/passport', 'typeorm'];

export const proofs = {
  'compiles as it stands': (host) => host.run(['npm', 'run', 'build']),
  ...bootProofs,
  ...databaseProofs,
};

export const apps = [...shapedApps, ...tokenApps, ...databaseApps];
