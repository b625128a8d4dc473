interface Init extends Omit<RequestInit, 'headers'> {
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/**
 * `fetch` over a connection of its own. One that is kept may be closed by the server, after some
 * seconds without a request, in the moment in which a busy machine comes to the next one.
 */
export function fetchOnce(url: string | URL, { headers, ...init }: Init = {}): Promise<Response> {
  return fetch(url, { ...init, headers: { ...headers, Connection: 'close' } });
}
