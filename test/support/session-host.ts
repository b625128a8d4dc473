import fastifyCookie from '@fastify/cookie';
import fastifySession, { MemoryStore, type SessionStore as FastifyStore } from '@fastify/session';
import { Controller, Get, Post, Req, type INestApplication, type Type } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import expressSession from 'express-session';
import type { Session } from 'fastify';
import {
  ExpressSessionTerminator,
  FastifySessionTerminator,
  type RevocationStore,
  type ServerSessionStore,
  type SessionTerminator,
} from '../../src';
import type { Platform } from './app';

/** At least as long as both packages want it. */
const SECRET = 'secret-of-the-session-cookie-of-the-tests';
export const SESSION_COOKIE = 'sid';
const COOKIE = { secure: false, maxAge: 3_600_000 };

/** The sessions of one host, real package and all; each instance has a store object of its own. */
export interface SessionHost {
  /** Another store over the same sessions, as instances have that share a server for them. */
  newStore(): ServerSessionStore;
  /** Registers the session package. */
  install(app: INestApplication, store: ServerSessionStore): Promise<void>;
  terminator(store: ServerSessionStore, revocations: RevocationStore): SessionTerminator;
  /** The ids of what is stored, whatever any wrapping says. */
  storedIds(): string[];
}

export function sessionHost(platform: Platform): SessionHost {
  return platform === 'fastify' ? new FastifySessions() : new ExpressSessions();
}

class ExpressSessions implements SessionHost {
  private readonly sessions: Record<string, string> = {};

  newStore(): ServerSessionStore {
    return Object.assign(new expressSession.MemoryStore(), { sessions: this.sessions });
  }

  install(app: INestApplication, store: ServerSessionStore): Promise<void> {
    (app as NestExpressApplication).use(
      expressSession({
        name: SESSION_COOKIE,
        secret: SECRET,
        store: store as expressSession.Store,
        resave: false,
        rolling: true,
        saveUninitialized: false,
        cookie: COOKIE,
      }),
    );
    return Promise.resolve();
  }

  terminator(store: ServerSessionStore, revocations: RevocationStore): SessionTerminator {
    return new ExpressSessionTerminator(store, revocations);
  }

  storedIds(): string[] {
    return Object.keys(this.sessions);
  }
}

class FastifySessions implements SessionHost {
  private readonly sessions = new Map<string, Session>();

  newStore(): ServerSessionStore {
    return new MemoryStore(this.sessions);
  }

  async install(app: INestApplication, store: ServerSessionStore): Promise<void> {
    await (app as NestFastifyApplication).register(fastifyCookie);
    await (app as NestFastifyApplication).register(fastifySession, {
      cookieName: SESSION_COOKIE,
      secret: SECRET,
      store: store as FastifyStore,
      rolling: true,
      saveUninitialized: false,
      cookie: { ...COOKIE },
    });
  }

  terminator(store: ServerSessionStore, revocations: RevocationStore): SessionTerminator {
    return new FastifySessionTerminator(store, revocations);
  }

  storedIds(): string[] {
    return [...this.sessions.keys()];
  }
}

/** Holds one request half-way until the test lets it go on. */
export class Barrier {
  private arrive: () => void = () => undefined;
  private release: () => void = () => undefined;
  readonly arrived = new Promise<void>((resolve) => (this.arrive = resolve));
  private readonly opened = new Promise<void>((resolve) => (this.release = resolve));

  async pass(): Promise<void> {
    this.arrive();
    await this.opened;
  }

  open(): void {
    this.release();
  }
}

interface SessionRequest {
  readonly session: { user?: string; visits?: number };
}

/** Routes of the host's that use the session, one of which waits at the barrier. */
export function sessionController(barrier: Barrier): Type {
  @Controller('session')
  class SessionController {
    @Post('open')
    open(@Req() { session }: SessionRequest): void {
      session.user = 'ada';
    }

    @Get('who')
    who(@Req() { session }: SessionRequest): { user: string | null } {
      return { user: session.user ?? null };
    }

    @Get('slow')
    async slow(@Req() { session }: SessionRequest): Promise<{ user: string | null }> {
      await barrier.pass();
      session.visits = 1;
      return { user: session.user ?? null };
    }
  }
  return SessionController;
}
