import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { run, StartedApp } from './processes.mjs';

const secret = () => randomBytes(32).toString('hex');

/** An installed host: what its proofs have in hand. */
export class Host {
  constructor(folder, databases) {
    this.folder = folder;
    this.databases = databases;
    this.env = {
      JWT_SECRET: secret(),
      PARTNER_SECRET: secret(),
      COOKIE_SECRET: secret(),
      API_KEY: secret(),
      ...keyPair(),
    };
  }

  /** Runs a program of the host's to its end, such as its compiler or its tests. */
  run(command, env = {}) {
    return run(command, { cwd: this.folder, env: { ...this.env, ...env }, timeoutMs: 300_000 });
  }

  /**
   * Serves with `node <file>`, runs `work(url, app)`, and stops it as an orchestrator does.
   * @throws {Error} what `work` threw, with what the host wrote; or it did not start or stop.
   */
  async serve(file, env, work) {
    const started = { cwd: this.folder, env: { ...this.env, ...env } };
    const app = await StartedApp.start([process.execPath, file], started);
    let result;
    try {
      result = await work(app.url, app);
    } catch (error) {
      await app.stop().catch(() => undefined);
      throw Object.assign(error, { output: app.output });
    }
    await app.stop();
    return result;
  }
}

function keyPair() {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  return { JWT_PRIVATE_KEY: privateKey, JWT_PUBLIC_KEY: publicKey };
}
