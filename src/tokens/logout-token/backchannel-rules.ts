import { kindOf, misconfigured } from '../../options/misconfiguration';
import { custom, flag, oneOf, resolve, type Resolved, type Table } from '../../options/option';
import { names } from '../verification/rule-options';

/** Where an issuer sends logout tokens (OpenID Connect Back-Channel Logout 1.0). */
export interface BackchannelRules {
  /** Our names at the issuer, one or several: `aud` of a logout token must name one of them. */
  readonly clientIds: string | readonly string[];
  /**
   * Whether a logout token must have the header `typ: logout+jwt` (§2.4). Otherwise it may also have
   * `JWT`, or none: older providers write no other.
   * @defaultValue false
   */
  readonly requireTyp?: boolean;
  /**
   * What a logout token with `sid` and `sub` ends. `session`: the tokens of that session, which name
   * it in `sessionClaim`. `subject`: also all tokens of the user that were issued by then, for an
   * issuer whose access tokens name no session. A logout token that names no user is refused then.
   * `sub` alone ends the same by both.
   * @defaultValue 'session'
   */
  readonly ends?: 'session' | 'subject';
}

const MEMBERS = {
  clientIds: names({ says: 'Our names at the issuer.' }),
  requireTyp: flag({ default: false, says: 'Whether logout tokens must have `typ: logout+jwt`.' }),
  ends: oneOf(['session', 'subject'], {
    default: 'session',
    says: 'What a logout token with `sid` and `sub` ends.',
  }),
} satisfies Table<BackchannelRules>;

export type ResolvedBackchannel = Resolved<typeof MEMBERS>;

const MUST_BE = 'an object with clientIds, one name or several, and perhaps requireTyp and ends';

export const backchannel = custom<ResolvedBackchannel, BackchannelRules>(
  {
    mustBe: MUST_BE,
    read: (value, option) => {
      if (typeof value === 'object' && value !== null)
        return resolve(MEMBERS, value, {}, `${option}.`);
      throw misconfigured(option, MUST_BE, kindOf(value));
    },
  },
  {
    says:
      'Takes logout tokens of the issuer, at `POST <path>/backchannel-logout` or the handler ' +
      "`backchannelLogout`: `clientIds` are our names there. `ends: 'subject'` is for issuers whose " +
      'access tokens name no session. See ' +
      '[back-channel logout](backchannel-logout.md).',
  },
);
