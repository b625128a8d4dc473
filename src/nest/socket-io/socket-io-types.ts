/** What is used of the objects of socket.io 4. */
export interface IoSocket {
  readonly recovered: boolean;
  readonly data: Record<string, unknown>;
  on(event: 'disconnect', listener: () => void): unknown;
  disconnect(): unknown;
}

export interface IoSession {
  readonly data: unknown;
}

type Restore = (pid: string, offset: string) => Promise<IoSession | null> | IoSession | null;

export interface IoAdapterOfNamespace {
  restoreSession: Restore;
}

export interface IoNamespace {
  adapter: IoAdapterOfNamespace;
  use(middleware: (socket: IoSocket, next: (error?: Error) => void) => void): unknown;
  on(event: 'connect', listener: (socket: IoSocket) => void): unknown;
}

export interface IoServer {
  of(name: '/'): IoNamespace;
  on(event: 'new_namespace', listener: (namespace: IoNamespace) => void): unknown;
}
