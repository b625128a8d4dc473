export { proofs, apps } from '../own-guards/proofs.mjs';

export const title = 'Nest 11, own guards';

export const shared = 'own-guards';

export const packages = ['@nestjs/common', '@nestjs/core', '@nestjs/passport', 'typeorm'];
