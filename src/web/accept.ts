/** How good a media type is to a client (RFC 9110 §12.4.2); whether it is named as it is. */
interface Preference {
  readonly quality: number;
  readonly isNamed: boolean;
}

const QUALITY = /^q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/i;

/**
 * Whether a client asks for this media type: `Accept` names it, and prefers no JSON to it
 * (RFC 9110 §12.5.1). A wildcard does not ask for it.
 */
export function asksFor(mediaType: string, accept: string | undefined): boolean {
  const wanted = preferenceOf(mediaType, accept);
  return (
    wanted.isNamed &&
    wanted.quality > 0 &&
    wanted.quality >= preferenceOf('application/json', accept).quality
  );
}

/** By the most specific range that has it. */
function preferenceOf(mediaType: string, accept = ''): Preference {
  const ranges = new Map(accept.split(',').map(rangeOf));
  const [type = ''] = mediaType.split('/');
  const named = ranges.get(mediaType);
  const quality = named ?? ranges.get(`${type}/*`) ?? ranges.get('*/*') ?? 0;
  return { quality, isNamed: named !== undefined };
}

function rangeOf(text: string): readonly [range: string, quality: number] {
  const [range = '', ...parameters] = text.split(';').map((each) => each.trim());
  const quality = parameters.flatMap((each) => QUALITY.exec(each)?.[1] ?? [])[0] ?? '1';
  return [range.toLowerCase(), Number(quality)];
}
