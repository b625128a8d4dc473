import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { chromium, type Browser } from 'playwright-core';

/** Where Debian's package has it. */
const CHROMIUM = '/usr/bin/chromium';

export const hasChromium = existsSync(CHROMIUM);

/** @param hosts names that lead to this machine, as DNS would say. */
export function openBrowser(hosts: readonly string[] = []): Promise<Browser> {
  const rules = hosts.map((host) => `MAP ${host} 127.0.0.1`).join(',');
  return chromium.launch({
    executablePath: CHROMIUM,
    // Its sandbox does not run as root, nor in most containers.
    args: ['--no-sandbox', ...(rules === '' ? [] : [`--host-resolver-rules=${rules}`])],
  });
}

/** `nestjs-logout/client` as a bundler gives it to a page: one minified ES module. */
export function bundledClient(): string {
  const { outputFiles } = buildSync({
    entryPoints: [join(__dirname, '..', '..', 'src', 'client', 'index.mts')],
    bundle: true,
    minify: true,
    format: 'esm',
    write: false,
  });
  return outputFiles[0]?.text ?? '';
}
