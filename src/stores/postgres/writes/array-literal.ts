/** What ends an element or the array, and what no PostgreSQL text can hold. */
const SPECIAL = /["\\\0]|[\ud800-\udfff]/gu;

export const NULL_ELEMENT = 'NULL';

/** A text as an element of an array; what the database has no text for becomes U+FFFD. */
export const arrayElement = (text: string | undefined): string =>
  text === undefined ? NULL_ELEMENT : `"${text.replace(SPECIAL, escaped)}"`;

const escaped = (character: string): string =>
  character === '"' || character === '\\' ? `\\${character}` : '\ufffd';

export const arrayText = (elements: readonly string[]): string => `{${elements.join(',')}}`;

/** A text as an SQL literal, whatever the session's `standard_conforming_strings` is. */
export const textLiteral = (text: string): string => `E'${text.replace(/['\\]/g, '$&$&')}'`;
