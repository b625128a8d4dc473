import { createHmac } from 'node:crypto';

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
/** Text of the form of a token that no key has signed. */
const OTHER = 'e30.e30.e30';

/**
 * Ways to send one token in the `Authorization` header. Some verifier or extractor accepts each;
 * no host accepts all.
 * @returns the header lines of each, by what is peculiar to it.
 */
export function headerSpellings(token) {
  const [scheme, name] = ['Bearer', 'Authorization'];
  const values = {
    ...mapValues(respelled(token), (text) => `${scheme} ${text}`),
    'a scheme in small letters': `bearer ${token}`,
    'a scheme in capitals': `BEARER ${token}`,
    'a scheme in mixed letters': `bEaReR ${token}`,
    'several blanks after the scheme': `${scheme}    ${token}`,
    'a tab after the scheme': `${scheme}\t${token}`,
    'a no-break space after the scheme': `${scheme}\u00a0${token}`,
    'blanks and tabs around': ` \t ${scheme} ${token} \t `,
    'a no-break space behind': `${scheme} ${token}\u00a0`,
    'a word behind': `${scheme} ${token} again`,
    'another token behind': `${scheme} ${token} ${OTHER}`,
    'many other tokens behind': `${scheme} ${token}${` ${OTHER}`.repeat(12)}`,
    'a comma behind': `${scheme} ${token}, ${scheme} ${OTHER}`,
    'the scheme twice': `${scheme} ${scheme} ${token}`,
    'another scheme': `JWT ${token}`,
    'no scheme': token,
    'seven other letters ahead': `XXXXXXX${token}`,
    'seven letters ahead that begin a token': `eyJeyJX${token}`,
    quotes: `${scheme} "${token}"`,
  };
  return {
    ...mapValues(values, (value) => [[name, value]]),
    'a header name in capitals': [['AUTHORIZATION', `${scheme} ${token}`]],
    'a header name in small letters': [['authorization', `${scheme} ${token}`]],
    'a second header line behind': [
      [name, `${scheme} ${token}`],
      [name, `${scheme} ${OTHER}`],
    ],
    'a header line ahead': [
      [name, `${scheme} ${OTHER}`],
      [name, `${scheme} ${token}`],
    ],
  };
}

/**
 * The same for a cookie. cookie-parser undoes percent-encoding, quotes, signatures (`s:`) and JSON
 * (`j:`).
 */
export function cookieSpellings(name, token, secret) {
  const signed = signedCookie(token, secret);
  const values = {
    ...mapValues(respelled(token), encodeURIComponent),
    'percent-encoded dots': token.replaceAll('.', '%2E'),
    'percent-encoded dots, in small letters': token.replaceAll('.', '%2e'),
    'every character percent-encoded': percentEncoded(token),
    quotes: `"${token}"`,
    'quotes around percent-encoded dots': `"${token.replaceAll('.', '%2E')}"`,
    'percent-encoded quotes': `%22${token}%22`,
    'a scheme': `Bearer ${token}`,
    'a percent-encoded scheme': `Bearer%20${token}`,
    'a percent-encoded line break in the signature': `${token.slice(0, -4)}%0A${token.slice(-4)}`,
    'a signature': signed,
    'a percent-encoded signature': encodeURIComponent(signed),
    'a signed cookie with every character percent-encoded': percentEncoded(signed),
    'a signed cookie in quotes': `"${encodeURIComponent(signed)}"`,
    JSON: encodeURIComponent(`j:"${token}"`),
    'JSON in quotes': `"${encodeURIComponent(`j:"${token}"`)}"`,
    'JSON with escaped dots': encodeURIComponent(`j:"${jsonEscaped(token, /\./g)}"`),
    'JSON with every character escaped': encodeURIComponent(`j:"${jsonEscaped(token, /./g)}"`),
    'JSON with escaped dots, not percent-encoded': `j:"${jsonEscaped(token, /\./g)}"`,
  };
  const pairs = {
    ...mapValues(values, (value) => `${name}=${value}`),
    'blanks around': `${name} = ${token} `,
    'no blank between cookies': `theme=dark;${name}=${token};lang=en`,
    'a second cookie of its name behind': `${name}=${token}; ${name}=${OTHER}`,
    'a cookie of its name ahead': `${name}=${OTHER}; ${name}=${token}`,
    'many other tokens ahead': `${`other=${OTHER}; `.repeat(12)}${name}=${token}`,
    'a percent sign that encodes nothing ahead': `sale=50%; ${name}=${token}`,
  };
  return {
    ...mapValues(pairs, (value) => [['Cookie', value]]),
    'a header line of its own': [
      ['Cookie', 'theme=dark'],
      ['Cookie', `${name}=${token}`],
    ],
    'a header name in capitals': [['COOKIE', `${name}=${token}`]],
  };
}

/** As `cookie-signature` signs, and `response.cookie` of Express with it. */
export function signedCookie(value, secret) {
  const signature = createHmac('sha256', secret).update(value).digest('base64');
  return `s:${value}.${signature.replace(/=+$/, '')}`;
}

/** The token with the same signature in other letters. The signed part allows no other letters. */
function respelled(token) {
  const end = token.lastIndexOf('.') + 1;
  const [signed, signature] = [token.slice(0, end), token.slice(end)];
  const respelledSignatures = {
    'the letters that were issued': signature,
    'a padding of =': `${signature}=`,
    'a padding of ==': `${signature}==`,
    'a padding with more behind': `${signature}=AAAA`,
    'the loose last bits of the signature set': withLooseBits(signature),
    'loose last bits and padding': `${withLooseBits(signature)}=`,
    'the other alphabet of base64': signature.replaceAll('-', '+').replaceAll('_', '/'),
    'a character behind that is not base64': `${signature}!`,
    'a character within that is not base64': `${signature.slice(0, 9)}!${signature.slice(9)}`,
    'a blank within the signature': `${signature.slice(0, 9)} ${signature.slice(9)}`,
    'a dot behind': `${signature}.`,
    'a fourth part': `${signature}.AAAA`,
  };
  return mapValues(respelledSignatures, (text) => signed + text);
}

/** No canonical signature has them set: the last letter of HS256 and RS256 carries some. */
function withLooseBits(signature) {
  const last = BASE64URL.indexOf(signature.at(-1));
  return signature.slice(0, -1) + BASE64URL[last + 1];
}

const percentEncoded = (text) =>
  text.replace(/./g, (letter) => `%${letter.charCodeAt(0).toString(16).padStart(2, '0')}`);

const jsonEscaped = (text, which) =>
  text.replace(which, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);

const mapValues = (record, change) =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
