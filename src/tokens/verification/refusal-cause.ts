/** Why a token was refused: for the audit, never for the client. Says nothing of the token's text. */
export type RefusalCause =
  | 'form' // no string, too long, not three parts of canonical base64url
  | 'header' // not the JSON object of known parameters that a header must be
  | 'algorithm' // not among the configured ones
  | 'type' // not an accepted `typ`
  | 'key' // no configured key may have signed it
  | 'signature'
  | 'purpose' // an ID token, a logout token or an introspection answer
  | 'claims' // a required claim is missing, or one has a wrong form
  | 'lifetime' // `exp − iat` is longer than the rules allow
  | 'issuer' // not an accepted `iss`
  | 'audience'
  | 'client' // issued to a client that is not accepted, or to none
  | 'not_yet_valid'; // `iat` or `nbf` lies ahead
