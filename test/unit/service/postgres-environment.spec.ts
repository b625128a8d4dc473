import { postgresEnvironment } from '../../../src/service/embedded-postgres/postgres-cluster';

describe('The environment of the embedded PostgreSQL', () => {
  const before = process.env;
  afterEach(() => {
    process.env = before;
  });

  it('carries neither our secrets nor settings of its clients', () => {
    process.env = { PATH: '/bin', JWT_SECRET: 's', DATABASE_URL: 'u', PGHOST: 'h', LANG: 'de_DE' };
    expect(postgresEnvironment()).toEqual({ PATH: '/bin', LC_ALL: 'C' });
  });
});
