import { list, type Resolved, type Table } from '../options/option';
import type { TokenSource } from './credentials';
import { AN_ORIGIN, isOrigin } from './origin';

interface EnforcementOptions {
  readonly tokenSources?: readonly TokenSource[];
  readonly allowedOrigins?: readonly string[];
  readonly enforceExcept?: readonly string[];
}

/** The options of enforcement that every face has. */
export const ENFORCEMENT_OPTIONS = {
  tokenSources: list(
    '{ cookie: name }, { header: name }, { query: name } or a function',
    isTokenSource,
    {
      default: [],
      says:
        'Where the host reads tokens beside the Authorization header. Our guard and routes read ' +
        'the bearer from these cookies, too.',
    },
  ),
  allowedOrigins: list(AN_ORIGIN, isOrigin, {
    default: [],
    says:
      'Origins of your pages, beside the one of our routes, that may log out, or open a WebSocket, ' +
      'by a cookie.',
  }),
  enforceExcept: list(
    'a path that starts with "/", such as "/health" or "/assets/*"',
    isPathPattern,
    {
      default: [],
      says: 'Paths on which tokens are not looked at; `/assets/*` excepts all below.',
    },
  ),
} satisfies Table<EnforcementOptions>;

/** What enforcement goes by. */
export type EnforcementRules = Resolved<typeof ENFORCEMENT_OPTIONS>;

function isTokenSource(value: unknown): value is TokenSource {
  if (typeof value === 'function') return true;
  if (typeof value !== 'object' || value === null) return false;
  const [[kind, name] = [], ...others] = Object.entries(value) as [string, unknown][];
  const isKind = kind === 'cookie' || kind === 'header' || kind === 'query';
  const isName = typeof name === 'string' && /^[\w.~-]+$/.test(name);
  return others.length === 0 && isKind && isName;
}

function isPathPattern(value: unknown): value is string {
  return typeof value === 'string' && /^\/(?:[^*?#\s]*|(?:[^*?#\s]*\/)?\*)$/.test(value);
}
