/** What `logout` takes. */
export interface LogoutOptions {
  /** Where the route is, such as `/api/v1/auth/logout`. */
  readonly url: string;
  /**
   * The token to revoke. Absent: the browser's cookie carries it; the server needs `tokenSources` and
   * `bodyToken: 'optional'` for that, and answers `refused` otherwise.
   */
  readonly token?: string;
  /**
   * Which cookies go with the request: `include` where the API is on another origin and reads the
   * token from a cookie.
   * @defaultValue 'same-origin'
   */
  readonly credentials?: RequestCredentials;
  /** What to remove from `localStorage` and `sessionStorage`, in every tab; `all` empties both. */
  readonly storageKeys?: readonly string[] | 'all';
}

/**
 * `revoked`: the token is refused from now on; by this request, or by an earlier one whose answer
 * was lost. `refused`: the server has not accepted the request; the token had expired, was revoked
 * before, or is none of this server's. `unknown`: three tries had no answer; the token may still be
 * accepted. A browser repeats by itself what was cut on a connection that it had kept: then `refused`
 * may be the answer to the repetition, unless the server has `repeatedLogoutStatus: 200`.
 */
export type LogoutOutcome = 'revoked' | 'refused' | 'unknown';

type StorageKeys = NonNullable<LogoutOptions['storageKeys']>;

interface Message {
  readonly page: number;
  readonly storageKeys: StorageKeys;
}

const CHANNEL = 'nestjs-logout';
/** Tells this page from the others: a channel brings its messages to this page, too. */
const PAGE = Math.random();
/** Before the second and the third try, in ms. */
const WAITS_MS = [500, 2000];
/** A longer `Retry-After` is not waited for, in ms. */
const MAX_WAIT_MS = 10_000;

/**
 * Logs the user out of this browser, whatever the server answers: storages are emptied and other
 * tabs are told before the request is sent. The request goes on where the page is left
 * (`keepalive`). A lost answer, a 429 and a 5xx are tried again, three times in all; a 401 to a
 * later try means that an earlier one took effect.
 *
 * @returns what is known of the token. Never rejects.
 * @example
 * const outcome = await logout({ url: '/api/v1/auth/logout', token, storageKeys: ['token'] });
 */
export async function logout(options: LogoutOptions): Promise<LogoutOutcome> {
  const { storageKeys = [] } = options;
  emptyStorages(storageKeys);
  tellOtherTabs(storageKeys);
  let mayBeDone = false;
  for (const waitMs of [...WAITS_MS, undefined]) {
    const response = await post(options);
    if (response?.ok) return 'revoked';
    if (response !== undefined && response.status !== 429 && response.status < 500)
      return mayBeDone && response.status === 401 ? 'revoked' : 'refused';
    // A 429 was counted and not carried out.
    mayBeDone ||= response?.status !== 429;
    if (waitMs === undefined) break;
    const askedMs = 1000 * Number(response?.headers.get('Retry-After') ?? 0);
    if (askedMs > MAX_WAIT_MS) break;
    await new Promise((resolve) => setTimeout(resolve, askedMs || waitMs));
  }
  return 'unknown';
}

/**
 * Calls `callback` when another tab of this origin logs out, after the storages of this tab were
 * emptied, too.
 * @returns what stops that.
 */
export function onLogout(callback: () => void): () => void {
  const channel = openChannel();
  if (channel === undefined) return () => undefined;
  channel.onmessage = ({ data: { page, storageKeys } }: MessageEvent<Message>) => {
    if (page === PAGE) return;
    emptyStorages(storageKeys);
    callback();
  };
  return () => {
    channel.close();
  };
}

/** @returns `undefined`: no answer came. */
async function post({
  url,
  token,
  credentials = 'same-origin',
}: LogoutOptions): Promise<Response | undefined> {
  try {
    return await fetch(url, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        ...(token !== undefined && { Authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify({ token }),
      credentials,
      keepalive: true,
      cache: 'no-store',
    });
  } catch {
    return undefined;
  }
}

function emptyStorages(keys: StorageKeys): void {
  for (const name of ['localStorage', 'sessionStorage'] as const)
    try {
      // Asked for here: where storage is forbidden, the property itself throws.
      const storage = window[name];
      if (keys === 'all') storage.clear();
      else for (const key of keys) storage.removeItem(key);
    } catch {
      // Nothing can be stored there.
    }
}

function tellOtherTabs(storageKeys: StorageKeys): void {
  const channel = openChannel();
  channel?.postMessage({ page: PAGE, storageKeys } satisfies Message);
  channel?.close();
}

/** @returns `undefined`: an old browser has none, and some refuse it where storage is forbidden. */
function openChannel(): BroadcastChannel | undefined {
  try {
    return new BroadcastChannel(CHANNEL);
  } catch {
    return undefined;
  }
}
