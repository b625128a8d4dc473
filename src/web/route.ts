import type { AuditEventName } from '../audit/audit-event';
import type { Messages } from './answers';
import type { BodyKind } from './body';

/** What the options must say for a route to exist. */
export type RouteNeed =
  /** The option of that name. */
  | 'sessions'
  | 'introspectionCallers'
  /** A key among `sessions.signingKeys` that has a public half. */
  | 'publishedKeys'
  /** The option `backchannel` of any issuer. */
  | 'backchannel';

/** One route of ours: all that the gate, the throttle and OpenAPI go by. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Below the module's path; `:name` stands for one segment. */
  readonly path: string;
  /** Whether `path` begins at the root of the application instead. @defaultValue false */
  readonly isAtRoot?: boolean;
  /** Without which the route does not exist. */
  readonly needs?: RouteNeed;
  /** Whether it looks at the bearer of a request. */
  readonly takesBearer: boolean;
  /**
   * Whether only callers of introspection may use it, by HTTP Basic. One without is refused before
   * the body is read. @defaultValue false
   */
  readonly takesCaller?: boolean;
  readonly body: BodyKind;
  /** Whether it can be used without a body. @defaultValue false */
  readonly isBodyOptional?: boolean;
  /** How much longer than a token its body may be. */
  readonly bytesBesideToken: number;
  /**
   * Whose requests it counts: routes with one name share their buckets. Absent: its requests are
   * not counted.
   */
  readonly bucket?: string;
  /**
   * What a request counts by, beside its address: its live bearer, the session of the refresh token
   * that it presents, or the genuine logout token in its body. Such a request passes although its
   * address has sent too many. One of a caller counts by the caller alone.
   */
  readonly throttledBy?: 'token' | 'refreshToken' | 'logoutToken' | 'caller';
  /** What the audit calls an attempt; absent: attempts are not recorded. */
  readonly event?: AuditEventName;
  /** Whether errors are in the form of OAuth 2.0, too: see `withOAuthError`. */
  readonly isOAuth?: boolean;
  /** Whether each refusal has an `error` and nothing else. @defaultValue false */
  readonly isErrorAlone?: boolean;
  /** What its 400 means, where that is more than that the body cannot be read. */
  readonly badRequest?: string;
  /** Every status it answers with. */
  readonly statuses: readonly number[];
  readonly summary: string;
  readonly description: string;
  /** The JSON schema of its body, where it takes one. */
  readonly bodySchema?: object;
  readonly success: {
    /** What its 200 says; absent: the 200 has no envelope. */
    readonly message?: keyof Messages;
    /** What its 200 is, where it is a document: to be read by GET and by HEAD. */
    readonly document?: { readonly mediaType: string; readonly schema: object };
    /** What is true then. */
    readonly description: string;
    /** The JSON schemas of what it has beside `success` and `message`. */
    readonly data?: Readonly<Record<string, object>>;
    /** The JSON schemas of bodies that are not in our envelope, by media type. */
    readonly bodies?: Readonly<Record<string, object>>;
  };
}
