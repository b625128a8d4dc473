import { gzipSync } from 'node:zlib';
import { RawText, textOf, type Value } from './templates';

/** Now, as JWTs count. */
export const seconds = (): number => Math.floor(Date.now() / 1000);

const GENERATORS: readonly [RegExp, (match: readonly string[], preceding: string) => Value][] = [
  [/^now(?:([+-])(\d+))?$/, ([, sign, n = '0']) => seconds() + Number(n) * (sign === '-' ? -1 : 1)],
  [/^str:(.+)$/s, ([, expression = '']) => textOf(generate(expression, '') ?? expression)],
  [/^repeat:(.+):(\d+)$/s, ([, text = '', n]) => text.repeat(Number(n))],
  [/^nest:(.+):(\d+)$/s, ([, text = '', n]) => new RawText(Buffer.from(nested(text, Number(n))))],
  [/^flat_keys:(\d+)$/, ([, n], preceding) => new RawText(flatKeys(Number(n), preceding))],
  [/^gzip_zeros:(\d+)$/, ([, n]) => new RawText(gzipSync(Buffer.alloc(Number(n)), { level: 9 }))],
  [/^bytes:((?:[0-9a-f]{2})*)$/i, ([, hex = '']) => new RawText(Buffer.from(hex, 'hex'))],
  [/^raw:(.*)$/s, ([, json = '']) => new RawText(Buffer.from(json))],
];

/** What is made from the expression alone; `undefined` where it is none of these. */
export function generate(expression: string, preceding: string): Value | undefined {
  for (const [pattern, make] of GENERATORS) {
    const match = pattern.exec(expression);
    if (match !== null) return make(match, preceding);
  }
  return undefined;
}

/** Opened that often, and closed again. */
function nested(opening: string, times: number): string {
  if (opening === '[') return '['.repeat(times) + ']'.repeat(times);
  if (opening === '{') return `${'{"a":'.repeat(times)}1${'}'.repeat(times)}`;
  return opening.repeat(times);
}

/** Members only, where an object is open already. */
function flatKeys(times: number, preceding: string): Buffer {
  const members = Array.from({ length: times }, (_, index) => `"k${index}":${index}`).join();
  return Buffer.from(/[{,]\s*$/.test(preceding) ? members : `{${members}}`);
}
