import request, { type Test } from 'supertest';
import type { AuthModuleOptions } from '../../src';
import type { SessionOptions } from '../../src/sessions/session-options';
import { SessionsService, type OpenOptions } from '../../src/sessions/sessions.service';
import { MemoryRevocationStore } from '../../src/stores/memory';
import { TestApp, type Platform } from './app';
import { sessionOptions } from './sessions';

const BASE = '/api/v1/auth';

/** The tokens of a login, and the id of its session. */
export interface Login {
  readonly access: string;
  readonly refresh: string;
  readonly sid: string;
  /** The `Set-Cookie` value, where cookies are used. */
  readonly cookie: string | undefined;
}

/** A host that keeps sessions with us, whose store has a clock that can be moved. */
export class SessionApp {
  private constructor(
    readonly app: TestApp,
    private readonly clock: { aheadMs: number },
  ) {}

  static async start(
    platform: Platform,
    sessions: Partial<SessionOptions> = {},
    options: Partial<AuthModuleOptions> = {},
    host: Parameters<typeof TestApp.start>[2] = {},
  ): Promise<SessionApp> {
    const clock = { aheadMs: 0 };
    // A store that is given has a clock of its own, which `passSeconds` does not move.
    const store = new MemoryRevocationStore(() => Date.now() + clock.aheadMs);
    const all = { store, sessions: sessionOptions(sessions), ...options };
    return new SessionApp(await TestApp.start(platform, all, host), clock);
  }

  get sessions(): SessionsService {
    return this.app.nest.get(SessionsService);
  }

  passSeconds(seconds: number): void {
    this.clock.aheadMs += seconds * 1000;
  }

  async login(subject = 'ada', options: OpenOptions = {}): Promise<Login> {
    const tokens = await this.sessions.open(subject, options);
    const { accessToken: access, refreshToken: refresh, session } = tokens;
    const cookie = this.sessions.useCookie ? this.sessions.refreshCookie(tokens) : undefined;
    return { access, refresh, sid: session.sid, cookie };
  }

  /** A request to a route of ours, with a bearer where one is given. */
  ask(method: 'get' | 'post' | 'delete', path: string, bearer?: string): Test {
    const asked = request(this.app.url)[method](`${BASE}${path}`);
    return bearer === undefined ? asked : asked.set('Authorization', `Bearer ${bearer}`);
  }

  refresh(refreshToken: unknown): Test {
    return this.ask('post', '/refresh').send({ refreshToken });
  }

  revoke(token: string): Test {
    return this.ask('post', '/revoke').type('form').send({ token });
  }

  /** Whether the guard lets each of them in. */
  async areAccepted(...logins: readonly Login[]): Promise<boolean[]> {
    const answers = await Promise.all(logins.map(({ access }) => this.app.me(access)));
    return answers.map(({ status }) => status === 200);
  }

  close(): Promise<void> {
    return this.app.close();
  }
}
