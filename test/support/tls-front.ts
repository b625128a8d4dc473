import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { createServer, type Server } from 'node:tls';
import type { Certificate } from './certificate';

/** Takes https on loopback and passes on, as it came, what a server of http there is sent. */
export class TlsFront {
  /** The address of the server behind it. */
  target: string;
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    target: string,
  ) {
    this.target = target;
    server.on('secureConnection', (client) => {
      const { port } = new URL(this.target);
      const upstream = connect(Number(port), '127.0.0.1');
      for (const socket of [client, upstream]) {
        this.sockets.add(socket);
        socket.on('error', () => undefined);
        socket.once('close', () => {
          this.sockets.delete(socket);
          client.destroy();
          upstream.destroy();
        });
      }
      client.pipe(upstream).pipe(client);
    });
    server.on('tlsClientError', () => undefined);
  }

  static async start(certificate: Certificate, target: string): Promise<TlsFront> {
    const server = createServer(certificate);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new TlsFront(server, target);
  }

  get url(): string {
    const { port } = this.server.address() as AddressInfo;
    return `https://127.0.0.1:${port}`;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }
}
