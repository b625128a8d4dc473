import type { ConfiguredKey } from '../keys/keys';
import type { IssuerWithKeys } from './key-separation';

const DAY_SECONDS = 86_400;

/** What the boot has to say of the rules, a sentence each. */
export function noticesOf(all: readonly IssuerWithKeys[]): readonly string[] {
  return [...cutSecrets(all.flatMap(({ keys }) => keys)), ...longLives(all)];
}

/**
 * What the boot has to warn of, a sentence each: tokens of any client are accepted. An issuer that
 * publishes its keys signs for many; one whose key is given may sign for us alone.
 */
export function warningsOf(all: readonly IssuerWithKeys[]): readonly string[] {
  return all
    .filter(({ issuer: { keys, audiences, clientIds } }) => {
      return !keys.areFixed && audiences === null && clientIds === null;
    })
    .map(
      ({ issuer: { names } }) =>
        `Tokens that ${[...(names ?? [])].join(', ')} issues to any client are accepted ` +
        '(audience: null). List the clients of this application in clientIds, or name its audience.',
    );
}

function cutSecrets(keys: readonly ConfiguredKey[]): readonly string[] {
  return keys
    .filter(({ isCut }) => isCut)
    .map(
      ({ option }) =>
        `"${option}" ended in a line break, as secrets from files do: it was cut off. ` +
        'Where your issuer signs with the line break, pass a Buffer, which is taken as it is.',
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
