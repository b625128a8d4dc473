/** Text that stands in a request as it is, whatever surrounds it: it is never escaped or quoted. */
export class RawText {
  constructor(readonly bytes: Buffer) {}
}

/** What a template stands for. */
export type Value = string | number | RawText | Readonly<Record<string, unknown>>;

/** The value as plain text. */
export function textOf(value: Value): string {
  if (value instanceof RawText) return value.bytes.toString();
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Knows what stands for an expression; `preceding` is the text before it, up to the start. */
export type Evaluate = (expression: string, preceding: string) => Promise<Value>;

type Piece = { readonly literal: string } | { readonly expression: string };

const COMPLETE = /^(?:(?:nest|repeat):.+:\d+(?:\|[^{}]*)?|[^{}]+)$/s;

/** @throws {Error} a template is not closed. */
export function piecesOf(text: string): Piece[] {
  const pieces: Piece[] = [];
  let position = 0;
  for (;;) {
    const start = openingIn(text, position);
    if (start === -1) return [...pieces, { literal: text.slice(position) }];
    const expression = expressionAt(text, start + 2);
    pieces.push({ literal: text.slice(position, start) }, { expression });
    position = start + 2 + expression.length + 2;
  }
}

/** Of several braces in a row (`{"a":{{{now}}}`) the innermost two open the template. */
function openingIn(text: string, from: number): number {
  const start = text.indexOf('{{', from);
  return start !== -1 && text[start + 2] === '{' ? openingIn(text, start + 1) : start;
}

function expressionAt(text: string, start: number): string {
  for (let end = text.indexOf('}}', start); end !== -1; end = text.indexOf('}}', end + 1)) {
    const candidate = text.slice(start, end);
    if (isComplete(candidate)) return candidate;
  }
  // Raw JSON may be broken on purpose: then it goes as far as it can.
  const last = text.lastIndexOf('}}');
  if (text.startsWith('raw:', start) && last > start) return text.slice(start, last);
  throw new Error(`A template is not closed: ${text.slice(start - 2, start + 40)}`);
}

function isComplete(expression: string): boolean {
  if (!expression.startsWith('raw:')) return COMPLETE.test(expression);
  try {
    JSON.parse(expression.slice('raw:'.length));
    return true;
  } catch {
    return false;
  }
}

/** The bytes of a text. Strings that stand for templates are escaped as JSON strings want it. */
export async function renderBody(text: string, evaluate: Evaluate): Promise<Buffer> {
  return render(text, evaluate, escaped);
}

/** As it stands between the quotes of a JSON string; a lone surrogate becomes `\\uXXXX`. */
function escaped(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** A header's value or a path as a string of bytes. */
export async function renderLine(text: string, evaluate: Evaluate): Promise<string> {
  return (await render(text, evaluate, (value) => value)).toString('latin1');
}

async function render(
  text: string,
  evaluate: Evaluate,
  escape: (value: string) => string,
): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (const piece of piecesOf(text)) {
    if ('literal' in piece) parts.push(Buffer.from(piece.literal));
    else {
      const value = await evaluate(piece.expression, Buffer.concat(parts).toString('latin1'));
      parts.push(bytesOf(value, escape));
    }
  }
  return Buffer.concat(parts);
}

function bytesOf(value: Value, escape: (value: string) => string): Buffer {
  if (value instanceof RawText) return value.bytes;
  if (typeof value === 'string') return Buffer.from(escape(value));
  return Buffer.from(JSON.stringify(value));
}

/** The one template that a text consists of, if it does. */
export function wholeTemplate(text: string): string | undefined {
  const [before, template, after, ...rest] = piecesOf(text);
  if (before === undefined || template === undefined || after === undefined) return undefined;
  if (rest.length > 0 || !('expression' in template)) return undefined;
  const isAlone =
    'literal' in before && 'literal' in after && before.literal + after.literal === '';
  return isAlone ? template.expression : undefined;
}

/** JSON text with its templates filled in: raw text goes in as it is, `null` deletes a member. */
export async function composeJson(template: unknown, evaluate: Evaluate): Promise<Buffer> {
  if (typeof template === 'string') return composeText(template, evaluate);
  if (template === null || typeof template !== 'object') return Buffer.from(String(template));
  if (Array.isArray(template)) {
    const items = await each(template, (item) => composeJson(item, evaluate));
    return Buffer.concat([Buffer.from('['), ...joined(items), Buffer.from(']')]);
  }
  const members = await each(
    Object.entries(await merged(template, evaluate)),
    async ([name, value]) =>
      Buffer.concat([Buffer.from(`${JSON.stringify(name)}:`), await composeJson(value, evaluate)]),
  );
  return Buffer.concat([Buffer.from('{'), ...joined(members), Buffer.from('}')]);
}

async function composeText(text: string, evaluate: Evaluate): Promise<Buffer> {
  const expression = wholeTemplate(text);
  if (expression === undefined) {
    const characters = await renderBody(escaped(text), evaluate);
    return Buffer.concat([Buffer.from('"'), characters, Buffer.from('"')]);
  }
  const value = await evaluate(expression, '');
  return value instanceof RawText ? value.bytes : Buffer.from(JSON.stringify(value));
}

/** `$base` is copied, then overridden; what is `null` is left out. */
async function merged(template: object, evaluate: Evaluate): Promise<Record<string, unknown>> {
  const { $base, ...overrides }: { $base?: unknown } = { ...template };
  const base = $base === undefined ? {} : await baseObject($base, evaluate);
  // From entries: a member named __proto__ stays a member.
  const members = [...Object.entries(base), ...Object.entries(overrides)];
  return Object.fromEntries([...new Map(members)].filter(([, value]) => value !== null));
}

async function baseObject($base: unknown, evaluate: Evaluate): Promise<object> {
  const value: unknown = JSON.parse((await composeJson($base, evaluate)).toString());
  if (typeof value === 'object' && value !== null) return value;
  const payload = typeof value === 'string' ? value.split('.')[1] : undefined;
  if (payload === undefined) throw new Error('$base stands for neither claims nor a token.');
  return JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
}

async function each<T>(items: readonly T[], work: (item: T) => Promise<Buffer>): Promise<Buffer[]> {
  const results: Buffer[] = [];
  for (const item of items) results.push(await work(item));
  return results;
}

function joined(parts: readonly Buffer[]): Buffer[] {
  return parts.flatMap((part, index) => (index === 0 ? [part] : [Buffer.from(','), part]));
}
