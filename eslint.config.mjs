import regexp from 'eslint-plugin-regexp';
import tseslint from 'typescript-eslint';

/** The floors of src, from the ground up. A folder imports from the floors below its own alone. */
const floors = [
  ['options', 'time'],
  ['tokens'],
  ['audit', 'presets'],
  ['revocation'],
  ['live', 'logout', 'sessions', 'replica', 'metrics'],
  ['relay', 'introspection'],
  ['stores'],
  ['web', 'core', 'postgres', 'redis', 'nats'],
  ['plain'],
  ['nest', 'express', 'fastify', 'client'],
  ['service', 'testing'],
];

/** What only these floors know: frameworks and drivers, each with the folders that may use it. */
const packages = {
  '@nestjs': ['nest', 'service', 'testing'],
  typeorm: ['stores', 'postgres', 'service'],
  pg: ['stores', 'postgres', 'service'],
  passport: ['nest'],
  '@nats-io': ['nats'],
  '@opentelemetry': ['metrics', 'core', 'nest', 'service'],
};

/** Which folders and packages a folder may not import. */
const forbidden = Object.fromEntries(
  floors.flatMap((floor, at) =>
    floor.map((folder) => {
      const above = floors.slice(at).flat();
      const targets = new Set([
        ...above.filter((other) => other !== folder),
        // A store is chosen by the host, which the service is; `postgres` is one with its replica.
        ...(['stores', 'postgres', 'service', 'testing'].includes(folder) ? [] : ['stores']),
        ...(['postgres', 'service'].includes(folder) ? [] : ['postgres']),
        ...Object.keys(packages).filter((name) => !packages[name].includes(folder)),
      ]);
      return [folder, [...targets]];
    }),
  ),
);

const boundary = ([folder, targets]) => ({
  files: [`src/${folder}/**/*.{ts,mts}`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          {
            group: targets.flatMap((target) =>
              target in packages
                ? [target, `${target}/**`]
                : [`../${target}/**`, `../**/${target}/**`],
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
      'bench/apps/better-auth.ts', // its package is there only once the bench has run
    ],
  },
  {
    files: ['**/*.{ts,mts}'],
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
  {
    // What clients send is matched by them: none may take more than linear time.
    files: ['src/**/*.{ts,mts}'],
    plugins: { regexp },
    rules: {
      'regexp/no-super-linear-backtracking': ['error', { report: 'potential' }],
      'regexp/no-super-linear-move': ['error', { report: 'potential' }],
    },
  },
  ...Object.entries(forbidden)
    .filter(([, targets]) => targets.length > 0)
    .map(boundary),
  {
    // An import could not be caught, and what is loaded is of no interest here.
    files: ['src/**/required-packages.ts', 'src/nest/contexts/host-packages.ts'],
    rules: {
      '@typescript-eslint/no-require-imports': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      'max-lines': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
);
