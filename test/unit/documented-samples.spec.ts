import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const ROOT = join(__dirname, '..', '..');
const PAGES = ['.', 'docs'].flatMap((folder) =>
  readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name)),
);

/** Where a sample stands, and the files that the compiler takes it for: of each kind of module. */
interface Sample {
  readonly place: string;
  readonly esModule: string;
  readonly commonJs: string;
  readonly code: string;
  /** The page down to the sample. */
  readonly before: string;
}

function samplesIn(page: string): Sample[] {
  const text = readFileSync(join(ROOT, page), 'utf8');
  return [...text.matchAll(/^```ts\n([^]*?)^```$/gm)].map(({ index, 1: code = '' }) => {
    const line = text.slice(0, index).split('\n').length;
    const name = join(ROOT, `sample-${page.replaceAll(/\W/g, '-')}-${line}`);
    return {
      place: `${page}:${line}`,
      esModule: `${name}.mts`,
      commonJs: `${name}.cts`,
      // `export {}`: each is a module, so that the names of two samples do not collide.
      code: `${code}\nexport {};\n`,
      before: text.slice(0, index),
    };
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

/** What a reader's application has of its own. */
const NAMES = join(ROOT, 'test', 'support', 'documented-names.d.ts');

/** The samples, each as both kinds of module, in a strict project of a reader's. */
function programOf(): ts.Program {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), (path) =>
    readFileSync(path, 'utf8'),
  ) as { config: { compilerOptions: object } };
  const { options } = ts.convertCompilerOptionsFromJson(
    {
      ...config.compilerOptions,
      exactOptionalPropertyTypes: true,
      lib: ['ES2023', 'ES2024.String', 'DOM'],
      noEmit: true,
    },
    ROOT,
  );
  const host = ts.createCompilerHost(options);
  const codes = new Map(
    SAMPLES.flatMap(({ esModule, commonJs, code }) => [
      [esModule, code],
      [commonJs, code],
    ]),
  );
  const onDisk = { ...host };
  host.readFile = (path) => codes.get(path) ?? onDisk.readFile(path);
  host.fileExists = (path) => codes.has(path) || onDisk.fileExists(path);
  host.getSourceFile = (path, version, ...rest) => {
    const code = codes.get(path);
    return code === undefined
      ? onDisk.getSourceFile(path, version, ...rest)
      : ts.createSourceFile(path, code, version);
  };
  return ts.createProgram([...codes.keys(), NAMES], { ...options, paths: entries() }, host);
}

/** A reader whose modules are CommonJS has such lines in a function. */
const AWAITS_AT_THE_TOP = 1309;

/** What the compiler says of a file. */
function errorsIn(program: ts.Program, file: string): string[] {
  return ts
    .getPreEmitDiagnostics(program, program.getSourceFile(file))
    .filter(({ code }) => code !== AWAITS_AT_THE_TOP)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '));
}

/** The names that a file takes from the reader's application. */
function namesTakenBy(program: ts.Program, file: string): Set<string> {
  const checker = program.getTypeChecker();
  const taken = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) {
      const symbol = ts.isShorthandPropertyAssignment(node.parent)
        ? checker.getShorthandAssignmentValueSymbol(node.parent)
        : checker.getSymbolAtLocation(node);
      const isTaken = symbol?.declarations?.some((each) => each.getSourceFile().fileName === NAMES);
      if (isTaken === true) taken.add(node.text);
    }
    ts.forEachChild(node, visit);
  };
  const source = program.getSourceFile(file);
  if (source !== undefined) visit(source);
  return taken;
}

/** Whether the page names it before, as code, or a line of the sample does beside a comment. */
function isExplained(name: string, { before, code }: Sample): boolean {
  return (
    new RegExp(`\`[^\`\n]*\\b${name}\\b[^\`\n]*\``).test(before) ||
    new RegExp(`\\b${name}\\b.*//|//.*\\b${name}\\b`).test(code)
  );
}

/** The names that a sample imports of other packages, and not as types alone. */
function importsOf({ esModule, code }: Sample): [from: string, name: string][] {
  const { statements } = ts.createSourceFile(esModule, code, ts.ScriptTarget.ES2023);
  return statements.flatMap((statement): [string, string][] => {
    if (!ts.isImportDeclaration(statement) || !ts.isStringLiteral(statement.moduleSpecifier))
      return [];
    const { importClause: clause, moduleSpecifier } = statement;
    const from = moduleSpecifier.text;
    // Ours need a build; `test/hosts` imports them as they are packed.
    if (
      clause === undefined ||
      clause.phaseModifier === ts.SyntaxKind.TypeKeyword ||
      from.startsWith('nestjs-logout')
    )
      return [];
    const { name, namedBindings: bindings } = clause;
    const named = bindings === undefined || ts.isNamespaceImport(bindings) ? [] : bindings.elements;
    return [
      ...(name === undefined ? [] : ['default']),
      ...named
        .filter(({ isTypeOnly }) => !isTypeOnly)
        .map((each) => (each.propertyName ?? each.name).text),
    ].map((each) => [from, each]);
  });
}

/** Those of them that an ES module does not get from the package. */
function missingIn(imports: readonly [from: string, name: string][]): unknown {
  const program = `
    const missing = [];
    for (const [from, name] of ${JSON.stringify(imports)})
      if (!(name in (await import(from)))) missing.push([from, name]);
    console.log(JSON.stringify(missing));`;
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  return JSON.parse(output);
}

describe('A sample of code in the documents', () => {
  const program = programOf();

  it.each(SAMPLES)('compiles: $place', ({ esModule }) => {
    expect(errorsIn(program, esModule)).toEqual([]);
  });

  it.each(SAMPLES)('compiles as CommonJS: $place', ({ commonJs }) => {
    expect(errorsIn(program, commonJs)).toEqual([]);
  });

  it.each(SAMPLES)('says where the names are from that it does not declare: $place', (sample) => {
    const names = [...namesTakenBy(program, sample.esModule)];
    expect(names.filter((name) => !isExplained(name, sample))).toEqual([]);
  });

  it('imports of other packages what they give to an ES module', () => {
    const imports = SAMPLES.flatMap(importsOf);
    expect(imports.length).toBeGreaterThan(20);
    expect(missingIn(imports)).toEqual([]);
  });
});
