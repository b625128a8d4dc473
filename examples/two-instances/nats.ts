/** A reaches PostgreSQL and relays; B reaches nothing but NATS: `npm run example:nats`. */
// In your project: from 'nestjs-logout/postgres' and 'nestjs-logout/nats'.
import { NatsRelay, RelayRevocationStore } from '../../src/nats';
import { PostgresRevocationStore } from '../../src/postgres';
import { startNats, startPostgres } from './servers';
import { twoInstances } from './two-instances';

twoInstances(__filename, {
  servers: [startPostgres, startNats],
  store: (name) => {
    const { DATABASE_URL = '', NATS_URL = '' } = process.env;
    const relay = new NatsRelay({ servers: NATS_URL });
    return name === 'A'
      ? new PostgresRevocationStore({ url: DATABASE_URL }, { relay })
      : new RelayRevocationStore(relay);
  },
});
