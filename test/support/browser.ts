import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { chromium, type Browser } from 'playwright-core';

/** Where Debian's package has it. */
const CHROMIUM = '/usr/bin/chromium';

export const hasChromium = existsSync(CHROMIUM);

/** Its sandbox does not run as root, nor in most containers. */
const LAUNCH = { executablePath: CHROMIUM, args: ['--no-sandbox'] };

export function openBrowser(): Promise<Browser> {
  return chromium.launch(LAUNCH);
}

/**
 * A browser that sends cookies from one site to another, as many still do; Debian's does not by
 * default.
 * @param profile an empty folder.
 * @param hosts names that lead to this machine, as DNS would say.
 */
export async function openCarelessBrowser(
  profile: string,
  hosts: readonly string[],
): Promise<Browser> {
  mkdirSync(join(profile, 'Default'));
  const preferences = { profile: { cookie_controls_mode: 0, block_third_party_cookies: false } };
  writeFileSync(join(profile, 'Default', 'Preferences'), JSON.stringify(preferences));
  const rules = hosts.map((host) => `MAP ${host} 127.0.0.1`).join(',');
  const args = [...LAUNCH.args, `--host-resolver-rules=${rules}`];
  const browser = (await chromium.launchPersistentContext(profile, { ...LAUNCH, args })).browser();
  if (browser === null) throw new Error('The profile has no browser.');
  return browser;
}

/**
 * `nestjs-logout/client` as a bundler gives it to a page: one minified ES module.
 * @param names what the page imports.
 */
export function bundledClient(names = ['logout', 'onLogout', 'keepSession']): string {
  const resolveDir = join(__dirname, '..', '..', 'src', 'client');
  const contents = `export { ${names.join(', ')} } from './index.mts';`;
  const { outputFiles } = buildSync({
    stdin: { contents, resolveDir },
    bundle: true,
    minify: true,
    format: 'esm',
    write: false,
  });
  return outputFiles[0]?.text ?? '';
}
