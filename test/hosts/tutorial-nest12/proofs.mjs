import { tutorialProofs } from '../tutorial/proofs.mjs';

export const title = 'Nest 12, the tutorial';

export const shared = 'tutorial';

export const packages = ['@nestjs/common', '@nestjs/core', '@nestjs/jwt', '@nestjs/passport'];

export const { proofs, apps } = tutorialProofs({
  isEsm: true,
  e2e: '../node_modules/.bin/vitest run --config ./vitest.config.e2e.ts test/logout',
});
