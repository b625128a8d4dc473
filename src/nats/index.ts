/** `nestjs-logout/nats`: the relay through NATS JetStream. Needs `@nats-io/transport-node`. */
import './required-packages';

export { RelayRevocationStore } from '../relay/relay-revocation-store';
export type { RelayRevocationStoreOptions } from '../relay/relay-options';
export { NatsRelay } from './nats-relay';
export type { NatsRelayOptions } from './nats-relay';
