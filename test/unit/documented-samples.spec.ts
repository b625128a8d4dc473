import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const ROOT = join(__dirname, '..', '..');
const PAGES = ['.', 'docs'].flatMap((folder) =>
  readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name)),
);

/** Where a sample stands, and the file that the compiler takes it for. */
interface Sample {
  readonly place: string;
  readonly file: string;
  readonly code: string;
}

function samplesIn(page: string): Sample[] {
  const text = readFileSync(join(ROOT, page), 'utf8');
  return [...text.matchAll(/^```ts\n([^]*?)^```$/gm)].map(({ index, 1: code = '' }) => {
    const line = text.slice(0, index).split('\n').length;
    const name = `sample-${page.replaceAll(/\W/g, '-')}-${line}.mts`;
    // `export {}`: each is a module, so that the names of two samples do not collide.
    return { place: `${page}:${line}`, file: join(ROOT, name), code: `${code}\nexport {};\n` };
  });
}

const SAMPLES = PAGES.flatMap(samplesIn);

/** The entries of the package, by the sources that they are built from. */
function entries(): Record<string, string[]> {
  const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    exports: Record<string, { types?: string }>;
  };
  return Object.fromEntries(
    Object.entries(exports).flatMap(([entry, { types }]) =>
      types === undefined
        ? []
        : [
            [
              `nestjs-logout${entry.slice(1)}`,
              [join(ROOT, types.replace('./dist/', './').replace(/\.d\.(m?ts)$/, '.$1'))],
            ],
          ],
    ),
  );
}

/** What the compiler says of each sample, as a reader's project would compile it. */
function compile(): ReadonlyMap<string, string[]> {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), (path) =>
    readFileSync(path, 'utf8'),
  ) as { config: { compilerOptions: object } };
  const { options } = ts.convertCompilerOptionsFromJson(
    { ...config.compilerOptions, lib: ['ES2023', 'ES2024.String', 'DOM'], noEmit: true },
    ROOT,
  );
  const host = ts.createCompilerHost(options);
  const codes = new Map(SAMPLES.map(({ file, code }) => [file, code]));
  const onDisk = { ...host };
  host.readFile = (path) => codes.get(path) ?? onDisk.readFile(path);
  host.fileExists = (path) => codes.has(path) || onDisk.fileExists(path);
  host.getSourceFile = (path, version, ...rest) => {
    const code = codes.get(path);
    return code === undefined
      ? onDisk.getSourceFile(path, version, ...rest)
      : ts.createSourceFile(path, code, version);
  };
  const names = join(ROOT, 'test', 'support', 'documented-names.d.ts');
  const program = ts.createProgram(
    [...codes.keys(), names],
    { ...options, paths: entries() },
    host,
  );
  return new Map(
    [...codes.keys()].map((file) => [
      file,
      ts
        .getPreEmitDiagnostics(program, program.getSourceFile(file))
        .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' ')),
    ]),
  );
}

describe('A sample of code in the documents', () => {
  const found = compile();

  it.each(SAMPLES)('compiles: $place', ({ file }) => {
    expect(found.get(file)).toEqual([]);
  });
});
