import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import request from 'supertest';
import { BuiltProject, type StartedService } from '../hostile/started-service';
import { builtProject } from '../support/built-project';
import { DOCUMENTED } from '../support/app';

/** The requests of a text that was printed: all lines that curl takes part in. */
const requestsOf = (printed: string): string =>
  printed.match(/^(TOKEN=|curl ).*$/gm)?.join('\n') ?? '';

const tokenIn = (printed: string): string => /eyJ[\w-]+\.[\w-]+\.[\w-]+/.exec(printed)?.[0] ?? '';

interface Ended {
  readonly code: number | null;
  readonly said: string;
}

async function run(command: string, args: readonly string[], env = {}): Promise<Ended> {
  const child = spawn(command, args, { env: { PATH: process.env.PATH, ...env } });
  const [out, error] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ]);
  return { code: child.exitCode, said: `${out}${error}` };
}

describe('A trial', () => {
  let project: BuiltProject;
  let service: StartedService;
  let main: string;
  beforeAll(async () => {
    main = join(await builtProject(), 'dist', 'src', 'main.js');
    project = await BuiltProject.open();
    service = await project.start({});
    const end = Date.now() + 10_000;
    while (!service.output.includes('It shows') && Date.now() < end)
      await new Promise((resolve) => setTimeout(resolve, 20));
  });
  afterAll(async () => {
    await service.stop();
    project.remove();
  });

  /** `npm run trial`, with the settings of the service. */
  const trial = (env: NodeJS.ProcessEnv = {}): Promise<Ended> =>
    run(process.execPath, [join(main, '..', 'service', 'trial.js')], {
      ...{ DATA_DIR: service.dataDir, PORT: new URL(service.url).port },
      ...env,
    });
  const paste = async (printed: string): Promise<string> =>
    (await run('/bin/sh', ['-c', requestsOf(printed)])).said;

  it('shows, pasted, that a token is let in, logged out and refused', async () => {
    expect(await paste(service.output)).toMatch(
      /"sub":"ada".* -> 200\n.*exitosamente"} -> 200\n.*inválido"} -> 401\n$/,
    );
  });

  it('says, pasted again, that its token is spent, and how to get another', async () => {
    expect(await paste(service.output)).toContain(
      'No 200: this token is logged out or expired. A fresh one: npm run trial',
    );
  });

  it('is printed anew, with another token, by npm run trial', async () => {
    const { code, said } = await trial();
    expect({ code, isNew: tokenIn(said) !== tokenIn(service.output) }).toEqual({
      code: 0,
      isNew: true,
    });
    expect(await paste(said)).toMatch(/ -> 200\n.* -> 200\n.* -> 401\n$/);
  });

  it.each<[string, NodeJS.ProcessEnv, RegExp]>([
    [
      'none runs',
      { PORT: '1' },
      /^trial: No service answers at http:\/\/127\.0\.0\.1:1\. Start it: npm start\./,
    ],
    [
      'it was started with other variables',
      {
        JWT_ISSUER: 'https://a.example',
        JWT_AUDIENCE: 'a',
        MAX_LIFETIME_SECONDS: '9',
        JWT_ALGORITHMS: 'HS512',
      },
      /answered the new token with 401\. Give this command the variables/,
    ],
    [
      'no service has made a secret there',
      { DATA_DIR: '/nowhere' },
      /^trial: No service has made a secret in \/nowhere\. Start one: npm start\.$/m,
    ],
    [
      'the key is a real issuer’s',
      { JWT_SECRET: 'k'.repeat(32) },
      /^trial: A trial needs a secret that the service made: start it without variables for keys\.$/m,
    ],
  ])('is not printed where %s, and says so', async (_, env, sentence) => {
    const { code, said } = await trial(env);
    expect({ code, said }).toEqual({ code: 1, said: expect.stringMatching(sentence) as string });
  });

  it('needs no other log than what matters: four lines before it', () => {
    const [log = ''] = service.output.split('The service listens on');
    expect(log.trimEnd().split('\n')).toHaveLength(4);
  });

  it('is in the page of the documentation, each time with a live token of its own', async () => {
    const script = () => request(service.url).get('/docs/swagger-ui-init.js').expect(200);
    const [first, second] = [await script(), await script()];
    expect(first.headers).toMatchObject({
      'cache-control': 'no-store',
      // No page of another origin may load it as a script of its own.
      'cross-origin-resource-policy': 'same-origin',
    });
    const tokens = [first, second].map(({ text: source }) => tokenIn(source));
    expect(new Set(tokens).size).toBe(2);
    for (const token of tokens)
      await request(service.url)
        .post('/api/v1/auth/logout')
        .set('Authorization', `Bearer ${token}`)
        .send({ token })
        .expect(200, DOCUMENTED.loggedOut);
  });
});

describe('The command line of the service', () => {
  let main: string;
  beforeAll(async () => {
    main = join(await builtProject(), 'dist', 'src', 'main.js');
  });
  const start = (...args: string[]): Promise<Ended> => run(process.execPath, [main, ...args]);

  it('tells every variable with --help, and starts nothing', async () => {
    const { code, said } = await start('--help');
    expect({ code, said }).toMatchObject({ code: 0 });
    expect(said).toMatch(/^ {2}PORT\n {6}The port .*\n {6}Must be .* Default: 3000\.$/m);
    expect(said).toContain('  LOGOUT_WAITS\n');
  });

  it('tells its version with --version', async () => {
    const { code, said } = await start('--version');
    expect({ code, said }).toEqual({
      code: 0,
      said: expect.stringMatching(/^\d+\.\d+\.\d+/) as string,
    });
  });

  it('refuses an argument that it does not know, and does not show its value', async () => {
    expect(await start('--jwt-secret=hunter2')).toEqual({
      code: 1,
      said:
        'There is no argument --jwt-secret: only --help and --version. The settings are variables ' +
        'of the environment, such as PORT=8080.\n',
    });
  });
});
