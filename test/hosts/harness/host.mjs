import { randomBytes } from 'node:crypto';
import { run, StartedApp } from './processes.mjs';

const secret = () => randomBytes(32).toString('hex');

/** An installed host: what its proofs have in hand. */
export class Host {
  constructor(folder, databases) {
    this.folder = folder;
    this.databases = databases;
    this.env = { JWT_SECRET: secret(), PARTNER_SECRET: secret() };
  }

  /** Runs a program of the host's to its end, such as its compiler or its tests. */
  run(command, env = {}) {
    return run(command, { cwd: this.folder, env: { ...this.env, ...env }, timeoutMs: 300_000 });
  }

  /**
   * Serves with `node <file>`, lets `visit` come by, and stops it as an orchestrator does.
   * @throws {Error} what `visit` threw, with what the host wrote; or it did not start or stop.
   */
  async serve(file, env, visit) {
    const started = { cwd: this.folder, env: { ...this.env, ...env } };
    const app = await StartedApp.start([process.execPath, file], started);
    let result;
    try {
      result = await visit(app.url);
    } catch (error) {
      await app.stop().catch(() => undefined);
      throw Object.assign(error, { output: app.output });
    }
    await app.stop();
    return result;
  }
}
