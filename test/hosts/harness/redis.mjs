import { once } from 'node:events';
import { spawn, spawnSync } from 'node:child_process';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Whether Debian's `redis-server` is here. On CI machines (`CI=true`) it must be. */
export function hasRedis() {
  return process.env.CI === 'true' || spawnSync('redis-server', ['--version']).status === 0;
}

/** Runs `work(url)` with an empty Redis of its own, without persistence, and ends that afterwards. */
export async function withRedis(work) {
  const port = await freePort();
  const settings = ['--port', port, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const server = spawn('redis-server', settings.map(String), { stdio: 'ignore' });
  const failed = once(server, 'error').then(([error]) => Promise.reject(error));
  try {
    await Promise.race([untilUp(port), failed]);
    return await work(`redis://127.0.0.1:${port}`);
  } finally {
    server.kill('SIGKILL');
  }
}

async function untilUp(port) {
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    const isUp = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isUp) return;
    await sleep(20);
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}
