import { createHmac, randomUUID, sign } from 'node:crypto';

/**
 * A token of Ada's that is good for ten minutes, but for what is given here. Libraries that sign
 * would refuse some of it.
 * @param key a secret, for HS256, or a private key of RSA in PEM, for RS256.
 * @param claims `undefined` leaves one out, as in the header.
 */
export function signToken(key, claims = {}, header = {}) {
  const iat = Math.floor(Date.now() / 1000);
  const isPem = key.startsWith('-----BEGIN');
  const parts = [
    { alg: isPem ? 'RS256' : 'HS256', typ: 'JWT', ...header },
    { sub: 'ada', jti: randomUUID(), iat, exp: iat + 600, ...claims },
  ];
  const text = parts
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  const signature = isPem
    ? sign('sha256', Buffer.from(text), key)
    : createHmac('sha256', key).update(text).digest();
  return `${text}.${signature.toString('base64url')}`;
}
