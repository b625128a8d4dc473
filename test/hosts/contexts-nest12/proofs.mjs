export { proofs, apps } from '../contexts/proofs.mjs';

export const title = 'Nest 12, guard outside HTTP';

export const shared = 'contexts';

export const packages = [
  '@nestjs/common',
  '@nestjs/core',
  '@nestjs/graphql',
  '@nestjs/microservices',
  '@nestjs/websockets',
  'graphql',
];
