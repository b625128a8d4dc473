import type { INestApplicationContext } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { LiveAdmission } from '../live/live-admission';
import { guardNamespace } from './guarded-namespace';
import type { IoServer } from './socket-io-types';

/**
 * Lets sockets connect by a live token alone, to every namespace, and disconnects them when it ends.
 *
 * @example
 * app.useWebSocketAdapter(new LiveIoAdapter(app)); // before app.listen
 */
export class LiveIoAdapter extends IoAdapter {
  private readonly admission: LiveAdmission;

  /** @throws Nest's error about `LiveAdmission`: the application does not import `AuthModule`. */
  constructor(app: INestApplicationContext) {
    super(app);
    this.admission = app.get(LiveAdmission, { strict: false });
  }

  override createIOServer(
    ...args: Parameters<IoAdapter['createIOServer']>
  ): ReturnType<IoAdapter['createIOServer']> {
    const server = super.createIOServer(...args);
    const guarded = server as IoServer;
    const guard = (namespace: Parameters<typeof guardNamespace>[0]): void => {
      guardNamespace(namespace, this.admission);
    };
    guard(guarded.of('/'));
    guarded.on('new_namespace', guard);
    return server;
  }
}
