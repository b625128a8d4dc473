import { custom, flag, resolve, type Resolved, type Table } from '../../options/option';
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
}

const MEMBERS = {
  clientIds: names({ says: 'Our names at the issuer.' }),
  requireTyp: flag({ default: false, says: 'Whether logout tokens must have `typ: logout+jwt`.' }),
} satisfies Table<BackchannelRules>;

export type ResolvedBackchannel = Resolved<typeof MEMBERS>;

export const backchannel = custom<ResolvedBackchannel, BackchannelRules>(
  {
    mustBe: 'an object with clientIds, one name or several, and perhaps requireTyp',
    read: (value, option) => resolve(MEMBERS, value, {}, `${option}.`),
  },
  {
    says:
      'Takes logout tokens of the issuer, at `POST <path>/backchannel-logout`: `clientIds` are our ' +
      'names there. See [back-channel logout](backchannel-logout.md).',
  },
);
