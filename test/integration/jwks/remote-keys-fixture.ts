import { RemoteKeys, type RemoteKeysOptions } from '../../../src/tokens/jwks/remote-keys';
import { DocumentServer } from '../../support/document-server';
import { until } from '../../support/until';
import { ManualTime } from '../../unit/replica/manual-ports';
import { strangerTo, SIGNERS, type Signer } from '../../unit/tokens/signers';

/** A signer whose public key is published under a name. */
export interface NamedSigner extends Signer {
  readonly kid: string;
}

export const OLD: NamedSigner = { ...SIGNERS.ES256, kid: 'old' };
export const NEW: NamedSigner = { ...strangerTo('ES256'), kid: 'new' };

export const jwkOf = ({ key, kid }: NamedSigner): object => ({
  ...key.export({ format: 'jwk' }),
  kid,
});

/** An issuer that publishes its keys on loopback, and what knows them, by a time of its own. */
export class PublishedKeys {
  readonly time: ManualTime;
  readonly keys: RemoteKeys;
  readonly reports: Error[] = [];
  readonly recoveries: string[] = [];
  /** Where the keys are looked for. */
  url: string;
  /** Whether a cache says so. */
  isLocatedByCache = false;

  private constructor(
    readonly issuer: DocumentServer,
    time: ManualTime,
    options: Partial<RemoteKeysOptions>,
  ) {
    this.time = time;
    this.url = issuer.url;
    this.keys = new RemoteKeys(
      {
        names: ['https://login.example'],
        locate: () => Promise.resolve({ url: this.url, isFromCache: this.isLocatedByCache }),
        algorithms: ['ES256'],
        jwksStaleSeconds: 86_400,
        ...options,
      },
      time,
    );
  }

  /** The issuer publishes `OLD`; nothing is fetched yet. */
  static async start(
    options: Partial<RemoteKeysOptions> = {},
    time = new ManualTime(),
  ): Promise<PublishedKeys> {
    const world = new PublishedKeys(await DocumentServer.start(), time, options);
    world.publish([OLD]);
    return world;
  }

  publish(signers: readonly NamedSigner[], headers: Readonly<Record<string, string>> = {}): void {
    this.issuer.serve({ keys: signers.map(jwkOf) }, headers);
  }

  /** The issuer answers 500 from now on. */
  fail(): void {
    this.issuer.answer = (response) => response.writeHead(500).end();
  }

  async open(): Promise<void> {
    await this.keys.open({
      onError: (error) => this.reports.push(error),
      onRecovery: (line) => this.recoveries.push(line),
    });
  }

  /** How often the keys were asked for. */
  get fetches(): number {
    return this.issuer.requests.length;
  }

  /** Lets time pass, in steps in which every fetch ends that comes due. */
  async pass(seconds: number, stepSeconds = 1): Promise<void> {
    const endMs = this.time.monotonicMs + seconds * 1000;
    while (this.time.monotonicMs < endMs) {
      await this.time.pass(Math.min(stepSeconds * 1000, endMs - this.time.monotonicMs));
      await this.fetched();
    }
  }

  /** When no fetch is under way: the next one is planned. */
  async fetched(): Promise<void> {
    await until(() => this.time.pending === 1, { everyMs: 1 });
  }

  /** What the keys that are known now say to a token of the signer. */
  verdictOn(signer: NamedSigner): 'good' | 'refused' | 'unknown' {
    const { current } = this.keys;
    if (current === undefined) return 'unknown';
    const candidates = current.candidates(signer.algorithm, signer.kid) ?? [];
    return candidates.some((key) => key.isGood('a.b', signer.sign('a.b'))) ? 'good' : 'refused';
  }

  async close(): Promise<void> {
    this.keys.close();
    await this.issuer.close();
  }
}
