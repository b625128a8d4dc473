import { tutorialProofs } from '../tutorial/proofs.mjs';

export const title = 'Nest 11, the tutorial';

export const shared = 'tutorial';

export const packages = ['@nestjs/common', '@nestjs/core', '@nestjs/jwt', '@nestjs/passport'];

export const { proofs, apps } = tutorialProofs({
  isEsm: false,
  e2e: '../node_modules/.bin/jest --config ./test/jest-e2e.json test/logout',
});
