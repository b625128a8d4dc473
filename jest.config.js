/** Jest's CommonJS mode; packages that ship only ES modules are transformed too. */
const swc = (parser, extra = {}) => [
  '@swc/jest',
  {
    module: { type: 'commonjs' },
    jsc: { target: 'es2022', parser, keepClassNames: true, ...extra },
  },
];

module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testRegex: '\\.spec\\.ts$',
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/faults/'], // npm run test:faults
  setupFiles: ['reflect-metadata'],
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
  testTimeout: 60_000, // no promise: only so that a test that hangs ends
  maxWorkers: '100%', // Jest's own choice leaves one of two cores idle
  reporters: ['<rootDir>/test/support/progress-reporter.mjs', 'summary'],
  transform: {
    '\\.ts$': swc(
      { syntax: 'typescript', decorators: true },
      {
        transform: {
          legacyDecorator: true,
          decoratorMetadata: true,
          useDefineForClassFields: true,
        },
      },
    ),
    '\\.m?js$': swc({ syntax: 'ecmascript' }),
  },
  transformIgnorePatterns: [
    '/node_modules/(?!(?:.+/node_modules/)?(?:@nestjs|cookie|@fastify\/cookie|jose|oauth4webapi|openid-client)/)',
  ],
  collectCoverageFrom: [
    'src/{tokens,presets,revocation,replica,relay,redis,nats,live,logout,sessions,introspection,web,nest}/**/*.ts',
  ],
  coverageReporters: ['text'],
  // Checked with --coverage alone: npm run coverage.
  coverageThreshold: {
    'src/tokens/': { branches: 95 },
    'src/presets/': { branches: 95 },
    'src/revocation/': { branches: 95 },
    'src/replica/': { branches: 95 },
    'src/relay/': { branches: 95 },
    'src/redis/': { branches: 95 },
    'src/nats/': { branches: 95 },
    'src/live/': { branches: 95 },
    'src/logout/': { branches: 95 },
    'src/sessions/': { branches: 95 },
    'src/introspection/': { branches: 95 },
    'src/web/': { branches: 95 },
    'src/nest/': { branches: 95 },
  },
};
