import { spawnSync } from 'node:child_process';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../support/temporary-folder';

/** Whether Debian's faketime is installed here; its cases are left out, aloud, where it is not. */
export function hasFaketime(): boolean {
  const isThere = library() !== undefined;
  if (!isThere) {
    process.stderr.write(
      '\n*** faketime is not installed: the cases of clocks that are set are LEFT OUT. ' +
        'Debian: apt-get install faketime ***\n\n',
    );
  }
  return isThere;
}

/** The time of day of one process, to be set while it runs; its monotonic clock is never moved. */
export class WallClock {
  private readonly folder = temporaryFolder();
  private readonly file = join(this.folder.path, 'offset');
  /** For the process whose clock this is to be. */
  readonly env: NodeJS.ProcessEnv;

  constructor() {
    this.set(0);
    this.env = {
      LD_PRELOAD: library(),
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      FAKETIME_NO_CACHE: '1',
      FAKETIME_TIMESTAMP_FILE: this.file,
    };
  }

  /** @param seconds ahead of the true time; negative: behind it. */
  set(seconds: number): void {
    const written = `${this.file}.new`;
    writeFileSync(written, `${seconds < 0 ? '' : '+'}${seconds}\n`);
    renameSync(written, this.file); // whole at any instant: each look at the clock reads it
  }

  remove(): void {
    this.folder.remove();
  }
}

/** What `faketime` would preload: where that lies is its own affair. */
function library(): string | undefined {
  const { status, stdout } = spawnSync('faketime', ['-m', '-f', '+0s', 'env'], {
    encoding: 'utf8',
  });
  return status === 0 ? /^LD_PRELOAD=(.+)$/m.exec(stdout)?.[1] : undefined;
}
