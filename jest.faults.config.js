const config = require('./jest.config.js');

/**
 * The fault suite: servers and instances of its own, one case after the other. A case waits for the
 * faults it makes, and for the recovery after them.
 */
module.exports = {
  ...config,
  roots: ['<rootDir>/test/faults'],
  testPathIgnorePatterns: ['/node_modules/'],
  globalSetup: undefined,
  globalTeardown: undefined,
  maxWorkers: 1,
  testTimeout: 180_000,
};
