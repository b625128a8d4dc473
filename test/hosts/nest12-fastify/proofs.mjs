import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { proveLogout } from '../harness/logout-proofs.mjs';
import { assertHealthy, HttpClient } from '../harness/http-client.mjs';

export const title = 'Nest 12 on Fastify';

export const packages = ['@nestjs/common', '@nestjs/core', '@nestjs/passport', 'fastify'];

export const proofs = {
  'compiles against our declarations without skipLibCheck': (host) =>
    host.run(['npm', 'run', 'build']),

  'refuses a token once it is logged out': (host) =>
    host.serve('dist/main.js', {}, (url) => proveLogout(new HttpClient(url))),

  'tells Terminus whether tokens can be checked': (host) =>
    host.serve('dist/main.js', {}, (url) => assertHealthy(new HttpClient(url))),

  'needs neither the Express platform nor TypeORM nor pg for that': ({ folder }) => {
    const installed = (name) => existsSync(join(folder, 'node_modules', name));
    const others = ['@nestjs/platform-express', 'express', '@nestjs/typeorm', 'typeorm', 'pg'];
    assert.deepEqual(others.filter(installed), []);
  },
};
