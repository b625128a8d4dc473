import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TemporaryFolder {
  readonly path: string;
  remove(): void;
}

// Waits up to 30 s for a server in the folder to let go of its data, which its watchdog sees to.
const REAPER = `
  trap '' HUP INT TERM
  read -r word
  tries=0
  while [ $tries -lt 300 ] && [ -n "$(find "$1" -name postmaster.pid 2>/dev/null)" ]; do
    sleep 0.1; tries=$((tries + 1))
  done
  rm -rf "$1"`;

/** Makes sure that the folder, present or future, is gone when this process is, however it ends. */
export function removedAtExit(path: string): TemporaryFolder {
  const reaper = spawn('/bin/sh', ['-c', REAPER, 'sh', path], {
    cwd: '/',
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  reaper.unref();
  if (reaper.stdin instanceof Socket) reaper.stdin.unref();
  return {
    path,
    remove: () => {
      rmSync(path, { recursive: true, force: true, maxRetries: 5 });
      reaper.stdin.end();
    },
  };
}

/** A folder that every user may enter, gone when `remove` is called or this process ends. */
export function temporaryFolder(): TemporaryFolder {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'nestjs-logout-test-')));
  chmodSync(path, 0o755);
  return removedAtExit(path);
}
