/** How many names a line has, and how many characters of each. */
const MAX_NAMES = 5;
const MAX_CHARACTERS = 100;

/**
 * Why a caller is told nothing of a live token, and what to change.
 * @param audiences of the token; no more than five of them are shown, and of each 100 characters.
 * @param known those of the caller, shown likewise.
 */
export function explainAudiences(audiences: readonly string[], known: ReadonlySet<string>): string {
  const has = `the caller has ${namesOf([...known])} (audiences)`;
  if (audiences.length === 0)
    return (
      `The token is live and names no audience (aud), and ${has}. Sign tokens with aud; or give the ` +
      'caller audiences: null, if it may be told of all tokens.'
    );
  return (
    `The token is live and for ${namesOf(audiences)} (aud), and ${has}. Add one of the token to those ` +
    'of the caller, if it may be told of such tokens; or send it a token that is for one of its own.'
  );
}

function namesOf(names: readonly string[]): string {
  const shown = names.slice(0, MAX_NAMES).map((name) => JSON.stringify(cut(name)));
  const others = names.length - shown.length;
  return shown.join(', ') + (others > 0 ? ` and ${others} more` : '');
}

function cut(name: string): string {
  return name.length > MAX_CHARACTERS ? `${name.slice(0, MAX_CHARACTERS)}…` : name;
}
