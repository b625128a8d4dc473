/** How each package is loaded, its name written out: bundlers must find it. */
type PackageLoaders = Readonly<Record<string, () => unknown>>;

/**
 * Checks that the packages an entry loads are installed. Each entry does so before its first other
 * import: Node would name one missing package at a time.
 *
 * @throws {Error} in one sentence, with the line that installs all that is missing.
 */
export function requirePackages(entry: string, loaders: PackageLoaders): void {
  const missing = Object.entries(loaders)
    .filter(([name, load]) => isMissing(name, load))
    .map(([name]) => name);
  if (missing.length === 0) return;
  const what = missing.length === 1 ? 'a package that is' : 'packages that are';
  throw new Error(`${entry} needs ${what} not installed: npm install ${missing.join(' ')}`);
}

/** Anything else that is wrong with a package is reported by the import that follows. */
function isMissing(name: string, load: () => unknown): boolean {
  try {
    load();
    return false;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    // A package that is installed may miss one of its own: only the text says which it was.
    return code === 'MODULE_NOT_FOUND' && message.includes(`'${name}'`);
  }
}
