import { readdirSync, readFileSync } from 'node:fs';

/** Of the kernel's clock ticks, on every Linux that Node runs on. */
const MS_PER_TICK = 10;

interface Times {
  readonly parent: number;
  readonly ms: number;
}

/** CPU time that a process and all below it have taken so far, in ms, as Linux counts it. */
export function cpuTimeMs(pid: number): number {
  const times = new Map<number, Times>();
  for (const each of readdirSync('/proc').map(Number).filter(Number.isInteger)) {
    const found = timesOf(each);
    if (found !== undefined) times.set(each, found);
  }
  const isBelow = (each: number | undefined): boolean =>
    each === pid || (each !== undefined && isBelow(times.get(each)?.parent));
  return [...times].reduce((sum, [each, { ms }]) => sum + (isBelow(each) ? ms : 0), 0);
}

/** CPU time that one process has taken so far, in ms, to the nanosecond. See proc(5), schedstat. */
export function backendCpuMs(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
}

/** @returns `undefined` where the process is gone. See proc_pid_stat(5). */
function timesOf(pid: number): Times | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    // ppid; utime, stime, and those of children that have ended.
    const ticks = fields.slice(11, 15).reduce((sum, each) => sum + each, 0);
    return { parent: fields[1] ?? 0, ms: ticks * MS_PER_TICK };
  } catch {
    return undefined;
  }
}
