import tseslint from 'typescript-eslint';

/** Which folders of src a folder may not import from. Dependencies point one way. */
const forbidden = {
  tokens: [
    ...['revocation', 'audit', 'metrics', 'stores', 'http', 'express', 'service', 'terminus'],
    ...['@nestjs', 'typeorm'],
  ],
  revocation: [
    ...['metrics', 'stores', 'http', 'express', 'service', 'terminus'],
    ...['@nestjs', 'typeorm', '@opentelemetry'],
  ],
  audit: ['metrics', 'stores', 'http', 'express', 'service', 'terminus', '@nestjs', 'typeorm'],
  sessions: ['metrics', 'stores', 'http', 'express', 'service', 'terminus', '@nestjs', 'typeorm'],
  metrics: ['stores', 'http', 'express', 'service', 'terminus', '@nestjs', 'typeorm'],
  stores: ['metrics', 'http', 'express', 'service', 'terminus', '@nestjs'],
  express: ['stores', 'service', 'terminus', '@nestjs', 'typeorm'],
  http: ['stores', 'express', 'service', 'terminus', 'typeorm'],
  terminus: ['metrics', 'stores', 'http', 'express', 'service', 'typeorm'],
};

const boundary = ([folder, targets]) => ({
  files: [`src/${folder}/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          {
            group: targets.map((target) =>
              target.startsWith('@') || target === 'typeorm'
                ? `${target}{,/**}`
                : `**/${target}/**`,
            ),
            message: `src/${folder} must not depend on this (see docs/architecture.md).`,
          },
          { group: ['**/index', '../index', '../../index'], message: 'Nothing imports an index.' },
        ],
      },
    ],
  },
});

export default tseslint.config(
  {
    ignores: [
      ...['dist', 'node_modules', 'coverage', 'reports', '.data', '.stryker-tmp', 'test/hosts'],
      // Their packages are there only once the bench has run.
      ...['bench/sides/better-auth.ts', 'bench/sides/redis-look-up.ts'],
    ],
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // Nest declares the options of NestFactory.create as a class; they are given as a literal.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      'max-lines': ['error', { max: 250, skipBlankLines: true, skipComments: true }],
    },
  },
  ...Object.entries(forbidden).map(boundary),
  {
    files: ['test/**/*.ts'],
    rules: {
      'max-lines': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
);
