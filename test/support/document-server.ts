import { once } from 'node:events';
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import type { Certificate } from './certificate';

type Answer = (response: ServerResponse, request: IncomingMessage) => void;

/** Gives one document on loopback, whatever is asked for, in the way that a test says. */
export class DocumentServer {
  /** Every request, as it was received. */
  readonly requests: IncomingMessage[] = [];
  /** How requests are answered from now on. */
  answer: Answer = (response) => response.end();

  private constructor(
    private readonly server: Server,
    private readonly scheme: 'http' | 'https',
  ) {
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      this.requests.push(request);
      this.answer(response, request);
    });
  }

  /** @param certificate what it is reached by https with; without one by http. */
  static async start(certificate?: Certificate): Promise<DocumentServer> {
    const server = certificate === undefined ? createHttpServer() : createHttpsServer(certificate);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new DocumentServer(server, certificate === undefined ? 'http' : 'https');
  }

  get url(): string {
    const { port } = this.server.address() as AddressInfo;
    return `${this.scheme}://127.0.0.1:${port}/jwks`;
  }

  /** Gives this document with 200 from now on; 304 to those who have its ETag. */
  serve(document: unknown, headers: Readonly<Record<string, string>> = {}): void {
    const body = typeof document === 'string' ? document : JSON.stringify(document);
    this.answer = (response, request) => {
      const isKnown =
        headers['ETag'] !== undefined && request.headers['if-none-match'] === headers['ETag'];
      response.writeHead(isKnown ? 304 : 200, headers).end(isKnown ? undefined : body);
    };
  }

  /** Writes these bytes from now on, with which no connection ends. */
  write(...chunks: readonly (string | Buffer)[]): void {
    this.answer = ({ socket }) => {
      socket?.on('error', () => undefined);
      for (const chunk of chunks) socket?.write(chunk);
    };
  }

  /** How many are open. */
  connections(): Promise<number> {
    return promisify(this.server.getConnections.bind(this.server))();
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}
