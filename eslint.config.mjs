import tseslint from 'typescript-eslint';

/** Which folders of src a folder may not import from. Dependencies point one way. */
const forbidden = {
  tokens: ['revocation', 'audit', 'stores', 'http', 'express', 'service', '@nestjs', 'typeorm'],
  revocation: ['stores', 'http', 'express', 'service', '@nestjs', 'typeorm'],
  audit: ['stores', 'http', 'express', 'service', '@nestjs', 'typeorm'],
  sessions: ['stores', 'http', 'express', 'service', '@nestjs', 'typeorm'],
  stores: ['http', 'express', 'service', '@nestjs'],
  express: ['stores', 'service', '@nestjs', 'typeorm'],
  http: ['stores', 'express', 'service', 'typeorm'],
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
    ignores: ['dist', 'node_modules', 'coverage', 'reports', '.data', '.stryker-tmp', 'test/hosts'],
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
