import { requirePackages } from '../options/required-packages';

requirePackages('nestjs-logout/nats', {
  '@nats-io/transport-node': () => require('@nats-io/transport-node'),
});
