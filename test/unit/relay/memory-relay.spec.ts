import { describeRelayTransport } from '../../../src/testing/contract/relay-transport-contract';
import { MemoryBroker, MemoryRelay } from '../../support/memory-broker';

let broker = new MemoryBroker();

describeRelayTransport(
  'MemoryRelay',
  (again) => new MemoryRelay(again === 'again' ? broker : (broker = new MemoryBroker())),
  { describe, it, beforeAll, afterAll },
);
