const SEQUENCE = 0x30;
const INTEGER = 0x02;
const SIGN_BIT = 0x80;
/** From here on a length takes a byte more, which says so. */
const LONG = 0x80;
const ONE_BYTE_OF_LENGTH = 0x81;

/**
 * The ECDSA signature of a JWT, r and s one behind the other (RFC 7518 §3.4), in DER (RFC 3279
 * §2.2.3). Node would convert it too, but slowly in version 24: see docs/benchmarks.md.
 * @param signature of even length, at most 132 bytes.
 */
export function derOf(signature: Buffer): Buffer {
  const half = signature.length / 2;
  const r = integerOf(signature.subarray(0, half));
  const s = integerOf(signature.subarray(half));
  const length = r.length + s.length;
  const head = length < LONG ? [SEQUENCE, length] : [SEQUENCE, ONE_BYTE_OF_LENGTH, length];
  return Buffer.concat([Buffer.from(head), r, s]);
}

/** Without leading zeros, but for one where the first bit would make it negative. */
function integerOf(bytes: Buffer): Buffer {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start += 1;
  const digits = bytes.subarray(start);
  const padding = digits.readUInt8(0) & SIGN_BIT ? [0] : [];
  return Buffer.concat([
    Buffer.from([INTEGER, padding.length + digits.length, ...padding]),
    digits,
  ]);
}
