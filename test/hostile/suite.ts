import type { Platform } from '../support/app';
import { outliveLogout } from './logout-effects-host';
import { type HostileCase, runsIn, readCases, type RunName } from './hostile-case';
import { ELSEWHERE } from './properties/find-property';
import { replay } from './replay';
import { Run } from './run';
import { expectNoTraces } from './scan';
import { CaseRun } from './case-run';
import { RUN_ALGORITHMS } from './signing';
import { type SlowClients, startSlowClients } from './slow-clients';
import { BuiltProject } from './started-service';

const START_TIMEOUT_MS = 120_000;
const CASE_TIMEOUT_MS = 90_000;

/** What happens to a case depends on when it can run, and on what it needs. */
export type Kind = 'ordinary' | 'session' | 'slow' | 'scan';

export function kindOf({ request, transport, setup = [] }: HostileCase): Kind {
  if (request.method === 'SCAN') return 'scan';
  if (transport === 'slow') return 'slow';
  return setup.some((step) => step.includes('session cookie')) ? 'session' : 'ordinary';
}

/** The cases of issue A on one platform: a run for each algorithm, a test for each of its cases. */
export function describeHostileCases(platform: Platform): void {
  const platformRuns = new PlatformRuns(platform);
  beforeAll(() => platformRuns.open(), START_TIMEOUT_MS);
  afterAll(() => platformRuns.close(), START_TIMEOUT_MS);

  describe.each(platformRuns.names)('$platform with $algorithm', (name) => {
    it.each(platformRuns.cases(name, 'ordinary', 'session'))(
      '$id $title',
      (each) => platformRuns.runCase(name, each),
      CASE_TIMEOUT_MS,
    );
  });
  // Slow clients have been at it since the beginning; what is left behind is looked for at the end.
  describe.each(platformRuns.names)('$platform with $algorithm, in the end', (name) => {
    it.each(platformRuns.cases(name, 'slow', 'scan'))(
      '$id $title',
      (each) => platformRuns.runCase(name, each),
      CASE_TIMEOUT_MS,
    );
  });
}

/** The runs of one platform, side by side. */
class PlatformRuns {
  readonly names: readonly RunName[];
  private project: BuiltProject | undefined;
  private readonly runs = new Map<RunName, Run>();
  private readonly slow = new Map<string, Promise<SlowClients>>();

  constructor(platform: Platform) {
    this.names = RUN_ALGORITHMS.map((algorithm) => ({ platform, algorithm }));
  }

  /** Of these kinds, in the order of the kinds. */
  cases(name: RunName, ...kinds: readonly Kind[]): readonly HostileCase[] {
    const applicable = readCases('A').filter((each) => runsIn(each, name));
    return kinds.flatMap((kind) => applicable.filter((each) => kindOf(each) === kind));
  }

  async open(): Promise<void> {
    const project = (this.project = await BuiltProject.open());
    await Promise.all(
      this.names.map(async (name) => {
        this.runs.set(name, await Run.start(name, project));
      }),
    );
    for (const name of this.names)
      for (const each of this.cases(name, 'slow')) await this.startSlow(name, each);
  }

  async close(): Promise<void> {
    await Promise.all([...this.runs.values()].map((run) => run.end()));
    this.project?.remove();
  }

  async runCase(name: RunName, hostileCase: HostileCase): Promise<void> {
    const run = this.run(name);
    switch (kindOf(hostileCase)) {
      case 'scan':
        expectElsewhere(hostileCase);
        return expectNoTraces(run);
      case 'session':
        expectElsewhere(hostileCase);
        return outlive(run, hostileCase);
      default:
        return replay(run, hostileCase, this.slow.get(slowName(name, hostileCase)));
    }
  }

  private run(name: RunName): Run {
    const run = this.runs.get(name);
    if (run === undefined) throw new Error('The service did not come up.');
    return run;
  }

  /** Connected before the next one is; what becomes of them is looked at in the end. */
  private async startSlow(name: RunName, hostileCase: HostileCase): Promise<void> {
    const caseRun = await CaseRun.open(this.run(name), hostileCase);
    const request = await caseRun.render(hostileCase.request);
    const clients = startSlowClients(hostileCase, caseRun.route, request);
    this.slow.set(slowName(name, hostileCase), clients);
    await clients;
  }
}

const slowName = ({ algorithm }: RunName, { id }: HostileCase): string => `${algorithm} ${id}`;

/** @throws {Error} the case asks for something that is not looked at there. */
function expectElsewhere({ id, expect: { property = [] } }: HostileCase): void {
  const unknown = property.find((sentence) => !ELSEWHERE.includes(sentence));
  if (unknown !== undefined) throw new Error(`${id}: unknown property: "${unknown}"`);
}

/** The service has no server-side sessions: this runs on a host that has. */
async function outlive(run: Run, hostileCase: HostileCase): Promise<void> {
  const caseRun = await CaseRun.open(run, hostileCase);
  const { guard, session, storedIds } = await outliveLogout(run, await caseRun.validToken());
  expect(hostileCase.expect.status).toContain(guard.status);
  expect(storedIds).toEqual([]);
  expect(session.text).toBe('{"user":null}');
}
