import type { JsonObject } from '../verification/json-object';
import type { Signer } from './signing-keys';

/** A JWT with that payload. */
export type SignJwt = (payload: JsonObject) => string;

/** Signs JWTs of one `typ`, with the key's `kid` where it has one (RFC 7515 §4.1). */
export function signedJwts({ algorithm, kid, sign }: Signer, typ: string): SignJwt {
  const header = encode({ alg: algorithm, typ, ...(kid !== undefined && { kid }) });
  return (payload) => {
    const signingInput = `${header}.${encode(payload)}`;
    return `${signingInput}.${sign(signingInput).toString('base64url')}`;
  };
}

function encode(value: JsonObject): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
