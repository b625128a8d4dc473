import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';

const message = (type: string, body: Buffer | string): Buffer => {
  const content = Buffer.from(body);
  const head = Buffer.alloc(5);
  head.write(type);
  head.writeInt32BE(content.length + 4, 1);
  return Buffer.concat([head, content]);
};

// "Ready for query" and "terminating connection" in one piece, as they come when a server dies in
// the moment in which it lets a client in.
const LAST_WORDS = Buffer.concat([
  message('R', Buffer.alloc(4)),
  message('Z', 'I'),
  message('E', 'SFATAL\0VFATAL\0C57P01\0Mterminating connection due to unexpected exit\0\0'),
]);

/** A server that lets every client in and dies at once. */
export async function startDyingServer(): Promise<{ port: number; stop: () => void }> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end(LAST_WORDS));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, stop: () => server.close() };
}
