import { createPublicKey, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { TestIssuer, type TestAlgorithm } from './tokens';

interface Signer {
  readonly kid: string;
  readonly issuer: TestIssuer;
}

/**
 * An issuer on a port of its own that publishes its keys: metadata at its well-known path, the JWK
 * Set at `/jwks`. It can change its keys, and go away.
 */
export class PublishedIssuer {
  /** Paths that were asked for. */
  readonly asked: string[] = [];
  private signers: readonly Signer[] = [];
  private answer: (request: IncomingMessage, response: ServerResponse) => void;

  private constructor(
    private readonly server: Server,
    readonly url: string,
    private readonly algorithm: TestAlgorithm,
  ) {
    this.answer = (request, response) => {
      this.publish(request, response);
    };
    this.rotate();
  }

  static async start(algorithm: TestAlgorithm = 'ES256', port = 0): Promise<PublishedIssuer> {
    const server = createServer();
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    const { port: own } = server.address() as AddressInfo;
    const issuer = new PublishedIssuer(server, `http://127.0.0.1:${own}`, algorithm);
    server.on('request', (request, response) => {
      issuer.asked.push(request.url ?? '');
      issuer.answer(request, response);
    });
    return issuer;
  }

  get jwksUri(): string {
    return `${this.url}/jwks`;
  }

  /** A new key that signs from now on; the key before it stays published, older ones do not. */
  rotate(): void {
    const signer = { kid: randomUUID(), issuer: new TestIssuer(this.algorithm) };
    this.signers = [signer, ...this.signers.slice(0, 1)];
  }

  /** From now on it publishes the newest key alone. */
  dropOlderKeys(): void {
    this.signers = this.signers.slice(0, 1);
  }

  /** From now on it answers so. */
  answersWith(answer: (request: IncomingMessage, response: ServerResponse) => void): void {
    this.answer = answer;
  }

  /** A good token, signed by its newest key. */
  token(claims: Record<string, unknown> = {}, header: Record<string, unknown> = {}): string {
    const [newest] = this.signers;
    if (newest === undefined) throw new Error('There is no key.');
    return newest.issuer.token({ iss: this.url, ...claims }, { kid: newest.kid, ...header });
  }

  jwks(): { readonly keys: readonly object[] } {
    const keys = this.signers.map(({ kid, issuer }) => ({
      ...createPublicKey(issuer.key).export({ format: 'jwk' }),
      kid,
      use: 'sig',
      alg: this.algorithm,
    }));
    return { keys };
  }

  async close(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }

  private publish({ url }: IncomingMessage, response: ServerResponse): void {
    if (url === '/.well-known/openid-configuration')
      sendJson(response, { issuer: this.url, jwks_uri: this.jwksUri });
    else if (url === '/jwks') sendJson(response, this.jwks());
    else response.writeHead(404).end();
  }
}

export function sendJson(response: ServerResponse, body: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
