import { TemplateValues } from './template-values';
import type { HostileCase, HostileRequest } from './hostile-case';
import { checkAnswer, type Exchange } from './invariants';
import type { Run } from './run';
import type { SlowOutcome } from './slow-clients';
import type { StartedService } from './started-service';
import { renderBody, renderLine } from './templates';
import {
  isSendableByClient,
  type Route,
  send,
  sendRaw,
  type WireAnswer,
  type WireRequest,
} from './wire';

type Given = Readonly<Record<string, string | number>>;

/** What was there before the case's own request. */
interface Baseline {
  readonly revocations: number;
  readonly canary: number;
  readonly outputLength: number;
}

/** One replay of one case: its tokens, where it is sent to, and what came of it. */
export class CaseRun {
  readonly values: TemplateValues;
  /** The answers to the case's own request, in their order. */
  readonly exchanges: Exchange[] = [];
  /** Where the case's clients were slow ones. */
  slow: SlowOutcome | undefined;
  before: Baseline = { revocations: 0, canary: 0, outputLength: 0 };

  private constructor(
    readonly run: Run,
    readonly hostileCase: HostileCase,
    readonly service: StartedService,
    readonly route: Route,
    private readonly given: Given,
  ) {
    this.values = new TemplateValues(run, hostileCase.tokens ?? {}, given);
  }

  static async open(run: Run, hostileCase: HostileCase, given: Given = {}): Promise<CaseRun> {
    if (isThrottled(hostileCase)) {
      const [service, route] = await run.throttledRoute();
      return new CaseRun(run, hostileCase, service, route, given);
    }
    const service = await run.instance(0);
    return new CaseRun(run, hostileCase, service, { url: service.url }, given);
  }

  /** The same case with other users and tokens, before anything of it was sent. */
  fresh(): Promise<CaseRun> {
    return CaseRun.open(this.run, this.hostileCase, this.given);
  }

  async takeBaseline(): Promise<void> {
    this.before = {
      revocations: await this.run.revocations(),
      canary: this.run.canary.requests,
      outputLength: this.service.output.length,
    };
  }

  /** What the service has said since the baseline. */
  get newOutput(): string {
    return this.service.output.slice(this.before.outputLength);
  }

  get last(): Exchange {
    const last = this.exchanges.at(-1);
    if (last === undefined) throw new Error(`${this.hostileCase.id} was not sent.`);
    return last;
  }

  /** With every template filled in. */
  async render(request: HostileRequest, given: Given = {}): Promise<WireRequest> {
    const { evaluate } = this.values.with(given);
    const headers: [string, string][] = [];
    for (const [name, values] of Object.entries(request.headers ?? {})) {
      for (const value of typeof values === 'string' ? [values] : values)
        headers.push([name, await renderLine(value, evaluate)]);
    }
    return {
      method: request.method,
      path: await renderLine(request.path, evaluate),
      headers,
      body: await renderBody(request.body ?? '', evaluate),
    };
  }

  /** Sends it, by a client where one would send it and the case does not forbid it. */
  async exchange(request: WireRequest, route = this.route): Promise<Exchange> {
    const isRaw = this.hostileCase.transport === 'raw' || !isSendableByClient(request);
    const awaitsClose = this.hostileCase.expect.property?.includes('connection closed');
    const answer = await (isRaw ? sendRaw(route, request, awaitsClose) : send(route, request));
    const exchange = { request, answer };
    checkAnswer(exchange, this.run.tokens);
    return exchange;
  }

  me(token: string): Promise<WireAnswer> {
    return this.run.me(token, this.route);
  }

  logout(bearer: string, named = bearer): Promise<WireAnswer> {
    return this.run.logout(bearer, named, this.route);
  }

  async validToken(): Promise<string> {
    return this.values.text('valid_token');
  }
}

/** Whether the case needs a limit that can be reached. */
function isThrottled({ area, repeat, setup = [] }: HostileCase): boolean {
  return (
    area === 'RATE' || /limit/.test(String(repeat)) || setup.some((step) => /\blimit\b/.test(step))
  );
}
