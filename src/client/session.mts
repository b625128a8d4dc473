/** What `keepSession` takes. */
export interface KeepSessionOptions {
  /** Where the route is, such as `/api/v1/auth/refresh`. The refresh token is in the cookie. */
  readonly refreshUrl: string;
  /**
   * Which cookies go with a refresh: `include` where the API is on another origin.
   * @defaultValue 'same-origin'
   */
  readonly credentials?: RequestCredentials;
  /** Called once in this tab when the session is over: the user has to log in again. */
  readonly onEnd?: () => void;
}

/** What a login or a refresh answers, as far as it is needed here. */
export interface AccessToken {
  readonly accessToken: string;
  /** In seconds. */
  readonly expiresIn: number;
}

/** The session of this browser, in this tab. The access token is in memory alone. */
export interface KeptSession {
  /**
   * As the browser's `fetch`, with the access token: refreshed before it expires, and once more
   * where the answer is a 401 in spite of it. Where the session is over, the request is sent without
   * a token, and its answer is what the server says.
   */
  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;
  /**
   * A token that is good for the next seconds. All calls, in all tabs, share one refresh.
   * @returns `undefined`: the session is over, or the server cannot be reached.
   */
  accessToken(): Promise<string | undefined>;
  /** Hands over what a login answered; after `close`, too. */
  begin(token: AccessToken): void;
  /** Forgets the token, and listens to other tabs no more. */
  close(): void;
}

interface Held {
  readonly text: string;
  /** In ms since the epoch. */
  readonly expiresMs: number;
}

const NAME = 'nestjs-logout:session';
/** A token that is good for less than this is refreshed, in ms. */
const LEFT_MS = 10_000;
/** A tab that has just refreshed tells the others within this time, in ms. */
const TOLD_MS = 200;

/**
 * Keeps the session of a cookie client alive: refreshes its access token, once for all tabs.
 *
 * @example
 * const session = keepSession({ refreshUrl: '/api/v1/auth/refresh', onEnd: () => location.reload() });
 * const me = await session.fetch('/me');
 */
export function keepSession(options: KeepSessionOptions): KeptSession {
  let channel: BroadcastChannel | undefined;
  let held: Held | undefined;
  let pending: Promise<string | undefined> | undefined;
  let heard: () => void = () => undefined;
  let isOver = false;
  let closings = 0;
  const hold = (token: Held): void => {
    [held, isOver] = [token, false];
  };
  const listen = (): void => {
    channel ??= openChannel();
    if (channel === undefined) return;
    channel.onmessage = ({ data }: MessageEvent<Held>) => {
      hold(data);
      heard();
    };
  };
  listen();
  const good = (): string | undefined =>
    held !== undefined && held.expiresMs - LEFT_MS > Date.now() ? held.text : undefined;

  const refresh = async (): Promise<string | undefined> => {
    const before = closings;
    const answer = await post(options);
    // It was closed meanwhile: its answer counts no more.
    if (answer === undefined || before !== closings) return undefined;
    if (answer === 'over') {
      held = undefined;
      if (!isOver) options.onEnd?.();
      isOver = true;
      return undefined;
    }
    hold(answer);
    channel?.postMessage(answer);
    return answer.text;
  };

  /** Another tab is at it: its token is as good, unless it closes or fails. */
  const waitForOtherTab = async (): Promise<string | undefined> => {
    const told = new Promise<void>((resolve) => {
      heard = resolve;
    });
    const released = navigator.locks.request(NAME, () => undefined);
    await Promise.race([told, released.then(() => pause(TOLD_MS))]);
    return good() ?? lockAndRefresh();
  };
  const lockAndRefresh = (): Promise<string | undefined> => {
    // An old browser, or a page without TLS: the server gives late tabs the same successor.
    if (!('locks' in navigator)) return refresh();
    return navigator.locks
      .request(NAME, { ifAvailable: true }, (lock) => (lock === null ? 'busy' : refresh()))
      .then((result) => (result === 'busy' ? waitForOtherTab() : result));
  };

  const accessToken = (): Promise<string | undefined> => {
    const known = good();
    if (known !== undefined) return Promise.resolve(known);
    pending ??= lockAndRefresh().finally(() => {
      pending = undefined;
    });
    return pending;
  };

  return {
    accessToken,
    async fetch(input, init) {
      const request = new Request(input, init);
      const token = await accessToken();
      const response = await fetch(withToken(request.clone(), token));
      if (response.status !== 401 || token === undefined) return response;
      if (held?.text === token) held = undefined;
      const another = await accessToken();
      return another === undefined ? response : fetch(withToken(request, another));
    },
    begin(token) {
      const begun = heldOf(token);
      listen();
      hold(begun);
      channel?.postMessage(begun);
    },
    close() {
      closings += 1;
      held = undefined;
      channel?.close();
      channel = undefined;
    },
  };
}

function withToken(request: Request, token: string | undefined): Request {
  if (token !== undefined) request.headers.set('Authorization', `Bearer ${token}`);
  return request;
}

function heldOf({ accessToken, expiresIn }: AccessToken): Held {
  return { text: accessToken, expiresMs: Date.now() + expiresIn * 1000 };
}

/** @returns `undefined`: nothing is known of the session; `over`: it is no more. */
async function post({
  refreshUrl,
  credentials = 'same-origin',
}: KeepSessionOptions): Promise<Held | 'over' | undefined> {
  try {
    const response = await fetch(refreshUrl, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: '{}',
      credentials,
      cache: 'no-store',
    });
    if (response.ok) return heldOf((await response.json()) as AccessToken);
    return response.status === 401 || response.status === 403 ? 'over' : undefined;
  } catch {
    return undefined;
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** @returns `undefined`: an old browser has none, and some refuse it where storage is forbidden. */
function openChannel(): BroadcastChannel | undefined {
  try {
    return new BroadcastChannel(NAME);
  } catch {
    return undefined;
  }
}
