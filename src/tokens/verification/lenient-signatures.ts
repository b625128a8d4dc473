/**
 * The bytes that a lenient verifier may take a signature for: blanks, padding and other characters
 * within are skipped, and so is what follows; bits beyond the last byte count for nothing.
 * @param bytes how long a signature of the key is.
 */
export function lenientSignatures(signature: string, bytes: number): readonly Buffer[] {
  const [run = ''] = /[\w+/-]+/.exec(signature) ?? [];
  const all = signature.replace(/[^\w+/-]/g, '');
  return (run === all ? [run] : [run, all]).map((text) => fitted(decode(text), bytes));
}

function decode(text: string): Buffer {
  return Buffer.from(text, 'base64url');
}

/** OpenSSL takes an RSA signature without its leading zero bytes. */
function fitted(signature: Buffer, bytes: number): Buffer {
  const missing = bytes - signature.length;
  if (missing <= 0) return signature.subarray(0, bytes);
  return Buffer.concat([Buffer.alloc(missing), signature]);
}
