import { revocationMigrations } from 'nestjs-logout/postgres';
import { DataSource } from 'typeorm';

/** As a deployment migrates, with the data source of the application. */
const dataSource = await new DataSource({
  type: 'postgres',
  url: process.env.DATABASE_URL,
  migrations: revocationMigrations,
  ...JSON.parse(process.env.TYPEORM ?? '{}'),
}).initialize();
await dataSource.runMigrations();
await dataSource.destroy();
