import { plainProofs } from '../harness/plain-proofs.mjs';

export const title = 'plain Express';

export const packages = ['express'];

export const proofs = plainProofs('express');
