const config = require('./jest.config.js');

/**
 * For the mutation run: the tests of the mutated folders that need no database, without the
 * property tests, which would spend minutes on each mutant that the others have caught.
 */
module.exports = {
  ...config,
  roots: ['<rootDir>/test/unit', '<rootDir>/test/e2e'],
  testPathIgnorePatterns: [
    '/node_modules/',
    'agreement\\.spec',
    'respellings\\.spec',
    'known-revocations\\.', // half a minute each
    'replica-proof\\.spec',
    'service\\.spec',
    'e2e/sessions\\.spec',
    'express-example\\.spec',
    'independence\\.spec',
    '/unit/service/',
  ],
  globalSetup: undefined,
  globalTeardown: undefined,
};
