import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { validate } from 'dockerfile-utils';
import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { Job } from 'kubernetes-models/batch/v1/Job';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import { Secret } from 'kubernetes-models/v1/Secret';
import { Service } from 'kubernetes-models/v1/Service';
import { parse, parseAllDocuments } from 'yaml';
import { variablesOf } from '../../src/options/variables';
import { VARIABLE_TABLES } from '../../src/service/environment';
import { temporaryFolder } from '../support/temporary-folder';

const ROOT = join(__dirname, '..', '..');
const DEPLOY = join(ROOT, 'deploy');
const KUBERNETES = join(DEPLOY, 'kubernetes');

const read = (...path: string[]): string => readFileSync(join(DEPLOY, ...path), 'utf8');

interface Container {
  readonly env?: readonly { readonly name: string }[];
  readonly command?: readonly string[];
}

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly stringData?: Readonly<Record<string, string>>;
  readonly spec?: {
    readonly template?: { readonly spec: { readonly containers: readonly Container[] } };
  };
}

const MANIFESTS = readdirSync(KUBERNETES)
  .filter((name) => name.endsWith('.yaml'))
  .flatMap((name) => parseAllDocuments(read('kubernetes', name)))
  .map((document) => document.toJS() as Manifest);

/** The schema of each kind, as Kubernetes publishes it. */
const KINDS: Readonly<Record<string, new (data: never) => { validate(): void }>> = {
  ...{ Deployment, Job, NetworkPolicy, PodDisruptionBudget, Secret, Service },
};

const containersOf = ({ spec }: Manifest): readonly Container[] =>
  spec?.template?.spec.containers ?? [];

const OURS = variablesOf(...VARIABLE_TABLES);
const unknown = (names: readonly string[]): string[] =>
  names.filter((name) => !OURS.includes(name));

describe('The Dockerfile', () => {
  const dockerfile = read('Dockerfile');
  const last = (instruction: string): string | undefined =>
    dockerfile.split('\n').findLast((line) => line.startsWith(`${instruction} `));

  it('is one that a linter finds no fault with', () => {
    expect(validate(dockerfile)).toEqual([]);
  });

  it('has a service that is no root, and says when it is well', () => {
    expect([last('USER'), dockerfile]).toEqual([
      'USER node',
      expect.stringContaining('HEALTHCHECK'),
    ]);
  });

  it('sends to the engine what is built, and no more', () => {
    const sent = read('Dockerfile.dockerignore').match(/(?<=^!).+/gm) ?? [];
    const { include } = JSON.parse(readFileSync(join(ROOT, 'tsconfig.build.json'), 'utf8')) as {
      include: string[];
    };
    const configured = [
      'package.json',
      'package-lock.json',
      'tsconfig.json',
      'tsconfig.build.json',
    ];
    expect(sent.sort()).toEqual([...configured, ...include].sort());
  });

  it('sets variables that exist', () => {
    const set = dockerfile.match(/(?<=^ENV )\w+|(?<=process\.env\.)\w+/gm) ?? [];
    expect(unknown(set)).toEqual([]);
  });
});

describe('The Compose file', () => {
  const { services } = parse(read('compose.yaml')) as {
    services: Readonly<Record<string, { environment: object; command?: string[] }>>;
  };

  it('is one that a linter finds no fault with', () => {
    const dclint = join(ROOT, 'node_modules', '.bin', 'dclint');
    const { status, stdout } = spawnSync(dclint, ['--max-warnings=0', 'compose.yaml'], {
      cwd: DEPLOY,
      encoding: 'utf8',
    });
    expect({ status, stdout }).toMatchObject({ status: 0 });
  });

  it.each(['migrate', 'service'])('sets variables that exist for %s', (name) => {
    expect(unknown(Object.keys(services[name]!.environment))).toEqual([]);
  });
});

describe('The Kubernetes manifests', () => {
  it.each(MANIFESTS.map((manifest) => [manifest.kind, manifest.metadata.name, manifest] as const))(
    'have a valid %s %s',
    (kind, _, manifest) => {
      new KINDS[kind]!(manifest as never).validate();
    },
  );

  it('have no property that Kubernetes does not know', () => {
    const lines = MANIFESTS.map(({ apiVersion, kind, ...rest }, at) => {
      const file = join(ROOT, 'node_modules', 'kubernetes-models', apiVersion, `${kind}.js`);
      const type = `import('${file}').I${kind}`;
      return `export const m${at}: ${type} = ${JSON.stringify({ apiVersion, kind, ...rest })};`;
    });
    const folder = temporaryFolder();
    const source = join(folder.path, 'manifests.ts');
    writeFileSync(source, lines.join('\n'));
    const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
    const flags = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext'];
    const { stdout } = spawnSync(process.execPath, [tsc, ...flags, source], {
      cwd: folder.path,
      encoding: 'utf8',
    });
    folder.remove();
    expect(stdout).toBe('');
  });

  it('set variables that exist', () => {
    const set = MANIFESTS.flatMap((manifest) => [
      ...Object.keys(manifest.stringData ?? {}),
      ...containersOf(manifest).flatMap(({ env = [] }) => env.map(({ name }) => name)),
    ]);
    expect(unknown(set)).toEqual([]);
  });
});
