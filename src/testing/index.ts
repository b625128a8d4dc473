/** `nestjs-logout/testing`: for the tests of hosts and of stores; needs what `nestjs-logout` needs. */
import '../nest/required-packages'; // before all that loads them
export { actAs } from './act-as';
export type { StoreUnderTest, TestRunner } from './contract/contract';
export { describeRelayTransport } from './contract/relay-transport-contract';
export { describeRevocationStore } from './contract/revocation-store-contract';
export { LogoutTesting } from './logout-testing';
export type { LogoutTestingOptions } from './logout-testing';
export { verifiedToken } from './test-token';
export type { TestClaims } from './test-token';
