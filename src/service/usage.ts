import { PACKAGE } from './package';
import { describeVariables } from './variables';

const FLAGS = ['--help', '--version'];

/**
 * What the command line asks for instead of a start; `undefined` where it asks for nothing.
 * @throws {Error} for an argument that does not exist; its value may be a secret, and is not shown.
 */
export function answerTo(args: readonly string[]): string | undefined {
  const unknown = args.find((argument) => !FLAGS.includes(argument));
  if (unknown !== undefined)
    throw new Error(
      `There is no argument ${unknown.split('=', 1)[0] ?? ''}: only ${FLAGS.join(' and ')}. ` +
        'The settings are variables of the environment, such as PORT=8080.',
    );
  if (args.includes('--help')) return usage();
  return args.includes('--version') ? PACKAGE.version : undefined;
}

function usage(): string {
  const variables = describeVariables().map(({ name, mustBe, says, ...rest }) =>
    [`  ${name}`, says, `Must be ${mustBe}. Default: ${rest.default}.`].join('\n      '),
  );
  return [
    `${PACKAGE.name} ${PACKAGE.version}: the service that logs JWTs out.`,
    '',
    'Usage: npm start, or node dist/src/main.js, with settings in the environment:',
    '',
    'PORT=8080 DATABASE_URL=postgres://user:password@host:5432/database npm start',
    '',
    variables.join('\n\n').replaceAll('`', ''),
    '',
    `More: ${PACKAGE.homepage}`,
  ].join('\n');
}
