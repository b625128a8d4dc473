import { setTimeout as sleep } from 'node:timers/promises';
import { LoadMonitor } from './load-monitor';
import { unservedWithoutCause } from './under-traffic';

const idle = () => ({ busy: 0, idle: performance.now() });
const busy = () => ({ busy: performance.now(), idle: 0 });

describe('The monitor of the load', () => {
  let monitor: LoadMonitor;
  let from: number;
  const start = async (workDone: typeof idle): Promise<void> => {
    monitor = await LoadMonitor.start(workDone);
    from = performance.now();
  };
  afterEach(() => {
    monitor.stop();
  });

  it('notices that no processor is idle', async () => {
    await start(busy);
    await sleep(700);
    expect(monitor.wasOverloaded({ from, to: performance.now() })).toBe(true);
    expect(monitor.overloadedMs).toBeGreaterThan(400);
  });

  it('notices that a process that has nothing else to do answers late', async () => {
    await start(idle);
    await sleep(100);
    const blocked = performance.now();
    while (performance.now() < blocked + 300);
    await sleep(200);
    expect(monitor.wasOverloaded({ from: blocked, to: blocked + 300 })).toBe(true);
  });

  it('says nothing of other times', async () => {
    await start(busy);
    await sleep(700);
    expect(monitor.wasOverloaded({ from: from - 5000, to: from - 2000 })).toBe(false);
  });
});

describe('What was not served', () => {
  const failedAt = (from: number) => ({ from, to: from + 10, inWords: `at ${from}` });
  const overloadedFrom1000 = { wasOverloaded: ({ to }: { to: number }) => to > 1000 };

  it('counts where the machine kept up, and not where it was overloaded', () => {
    const services = [
      { unserved: [failedAt(100), failedAt(2000)], load: overloadedFrom1000 },
      { unserved: [failedAt(3000)], load: { wasOverloaded: () => false } },
    ];
    expect(unservedWithoutCause({ services })).toEqual(['at 100', 'at 3000']);
  });
});
