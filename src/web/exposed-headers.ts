/** Hidden from the scripts of other origins, unless the answer names them (Fetch §3.3.2). */
const HIDDEN = ['Retry-After', 'WWW-Authenticate'] as const;

/**
 * What `Access-Control-Expose-Headers` must be, so that the scripts which the host's CORS lets read
 * an answer of ours can read all its headers. What the host exposes stays exposed.
 * @param own the headers of our answer.
 * @param sent what is set already for a header.
 * @returns `undefined`: it stays as it is.
 */
export function exposedHeaders(
  own: Readonly<Record<string, string>>,
  sent: (header: string) => unknown,
): string | undefined {
  const hidden = HIDDEN.filter((name) => name in own);
  const listed = (header: string): string[] =>
    [sent(header)].flat().flatMap((text) => (typeof text === 'string' ? text.split(',') : []));
  if (hidden.length === 0 || listed('Access-Control-Allow-Origin').length === 0) return undefined;
  const exposed = listed('Access-Control-Expose-Headers').map((name) => name.trim());
  const known = new Set(exposed.map((name) => name.toLowerCase()));
  return [...exposed, ...hidden.filter((name) => !known.has(name.toLowerCase()))].join(', ');
}
