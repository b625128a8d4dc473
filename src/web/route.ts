import type { AuditEventName } from '../audit/audit-event';
import type { Messages } from './answers';
import type { BodyKind } from './body';

/** One route of ours: all that the gate, the throttle and OpenAPI go by. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Below the module's path; `:name` stands for one segment. */
  readonly path: string;
  /** The option without which the route does not exist. */
  readonly needs?: 'sessions';
  /** Whether it looks at the bearer of a request. */
  readonly takesBearer: boolean;
  readonly body: BodyKind;
  /** Whether it can be used without a body. @defaultValue false */
  readonly isBodyOptional?: boolean;
  /** How much longer than a token its body may be. */
  readonly bytesBesideToken: number;
  /** Whose requests it counts: routes with one name share their buckets. */
  readonly bucket: string;
  /**
   * What a request counts by, beside its address: its live bearer, or the session of the refresh
   * token that it presents. Such a request passes although its address has sent too many.
   */
  readonly throttledBy: 'token' | 'refreshToken';
  /** What the audit calls an attempt; absent: attempts are not recorded. */
  readonly event?: AuditEventName;
  /** Whether errors are in the form of OAuth 2.0, too: see `inOAuthForm`. */
  readonly isOAuth?: boolean;
  /** Every status it answers with. */
  readonly statuses: readonly number[];
  readonly summary: string;
  readonly description: string;
  /** The JSON schema of its body, where it takes one. */
  readonly bodySchema?: object;
  readonly success: {
    /** What its 200 says; absent: the 200 has no body. */
    readonly message?: keyof Messages;
    /** What is true then. */
    readonly description: string;
    /** The JSON schemas of what it has beside `success` and `message`. */
    readonly data?: Readonly<Record<string, object>>;
  };
}
