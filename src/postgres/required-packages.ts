import { requirePackages } from '../options/required-packages';

requirePackages('nestjs-logout/postgres', {
  pg: () => require('pg'),
  typeorm: () => require('typeorm'),
});
