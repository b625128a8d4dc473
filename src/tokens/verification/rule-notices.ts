import type { ConfiguredKey } from '../keys/keys';
import type { Issuer } from './issuers';

interface IssuerWithKeys {
  readonly issuer: Issuer;
  readonly keys: readonly ConfiguredKey[];
}

const DAY_SECONDS = 86_400;

/** What the boot has to say of the rules, a sentence each. */
export function noticesOf(all: readonly IssuerWithKeys[]): readonly string[] {
  return [...cutSecrets(all.flatMap(({ keys }) => keys)), ...longLives(all)];
}

/** What the boot has to warn of, a sentence each. */
export const warningsOf = (all: readonly IssuerWithKeys[]): readonly string[] => anyClients(all);

function cutSecrets(keys: readonly ConfiguredKey[]): readonly string[] {
  return keys
    .filter(({ isCut }) => isCut)
    .map(
      ({ option }) =>
        `"${option}" ended in a line break, as secrets from files do: it was cut off. ` +
        'Where your issuer signs with the line break, pass a Buffer, which is taken as it is.',
    );
}

/** An issuer that publishes its keys signs for many; one whose key is given may sign for us alone. */
function anyClients(all: readonly IssuerWithKeys[]): readonly string[] {
  return all
    .filter(({ issuer: { keys, audiences, clientIds } }) => {
      return !keys.areFixed && audiences === null && clientIds === null;
    })
    .map(
      ({ issuer: { issuers } }) =>
        `Tokens that ${[...(issuers ?? [])].join(', ')} issues to any client are accepted ` +
        '(audience: null). List the clients of this application in clientIds, or name its audience.',
    );
}

function longLives(all: readonly IssuerWithKeys[]): readonly string[] {
  const seconds = Math.max(...all.map(({ issuer }) => issuer.maxLifetimeSeconds));
  if (seconds <= DAY_SECONDS) return [];
  return [
    `Tokens may live for ${Math.ceil(seconds / DAY_SECONDS)} days (maxLifetimeSeconds: ${seconds}). ` +
      'A revocation is kept until its token has expired: about 300 bytes in the database, and up ' +
      'to 32 in the memory of each instance. Set maxLifetimeSeconds to what your issuer signs.',
  ];
}
