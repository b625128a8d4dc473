import { isIPv6 } from 'node:net';
import { defaultDataDir } from './embedded-postgres/own-folder';
import { readEnvironment, type Environment } from './environment';
import { existingSecret } from './own-secret';
import { mintTrialToken, trial } from './quick-start';

const SAME_VARIABLES = 'Give this command the variables that the service was started with.';

/** `npm run trial`: the requests of the quick start, for the service that runs, with a new token. */
async function main(): Promise<void> {
  const environment = readEnvironment(process.env);
  const settings: Environment = { ...environment, key: ownKey(environment) };
  const url = urlOf(environment);
  const token = mintTrialToken(settings);
  const status = await ask(`${url}/api/v1/auth/me`, token);
  if (status === undefined)
    throw new Error(`No service answers at ${url}. Start it: npm start. ${SAME_VARIABLES}`);
  if (status !== 200)
    throw new Error(
      `The service at ${url} answered the new token with ${status}. ${SAME_VARIABLES}`,
    );
  console.log(trial(url, settings, token));
}

/** @throws {Error} the service has no secret of its own. */
function ownKey({ needsOwnKey, isProduction, dataDir = defaultDataDir() }: Environment): string {
  if (!needsOwnKey || isProduction)
    throw new Error(
      'A trial needs a secret that the service made: start it without variables for keys.',
    );
  const secret = existingSecret(dataDir);
  if (secret !== undefined) return secret;
  throw new Error(`No service has made a secret in ${dataDir}. Start one: npm start.`);
}

function urlOf({ host, port }: Environment): string {
  const reachable = { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host;
  return `http://${isIPv6(reachable) ? `[${reachable}]` : reachable}:${port}`;
}

/** @returns the status, or `undefined` where nothing answers. */
async function ask(url: string, token: string): Promise<number | undefined> {
  try {
    const { status } = await fetch(url, { headers: { Authorization: `Bearer ${token}` } });
    return status;
  } catch {
    return undefined;
  }
}

main().catch((error: unknown) => {
  console.error(`trial: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
