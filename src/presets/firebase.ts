import { kindOf, misconfigured } from '../options/misconfiguration';
import { custom, resolve, type Table } from '../options/option';
import type { NamedIssuer } from '../tokens/verification/token-rules';
import { HOUR_SECONDS, type Names } from './inputs';

export interface FirebaseOptions {
  /** One project, or several: all of them have the same keys. */
  readonly projectId: Names;
}

const PROJECT_ID = /^[a-z][a-z0-9.:-]{4,}[a-z0-9]$/;
const MUST_BE = 'the id of a project, such as my-app-1a2b3, or a non-empty list of ids';

export const FIREBASE_OPTIONS = {
  projectId: custom<readonly string[], Names>(
    { mustBe: MUST_BE, read: readProjects },
    { says: 'The id of the project, which is no number; or several.' },
  ),
} satisfies Table<FirebaseOptions>;

/**
 * The ID tokens of Firebase Authentication, which its users send to APIs.
 * @throws {TypeError} naming the option, what it must be and what it was.
 */
export function firebase(options: FirebaseOptions): NamedIssuer {
  const { projectId } = resolve(FIREBASE_OPTIONS, options, {}, 'firebase.');
  return {
    issuer: projectId.map((id) => `https://securetoken.google.com/${id}`),
    audience: projectId,
    jwksUri:
      'https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com',
    algorithms: ['RS256'],
    maxLifetimeSeconds: HOUR_SECONDS,
    cutoffClaim: 'auth_time', // refreshed tokens keep it
  };
}

function readProjects(value: unknown, name: string): readonly string[] {
  const all: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (all.length > 0 && all.every(isProjectId)) return all;
  throw misconfigured(name, MUST_BE, kindOf(value));
}

function isProjectId(value: unknown): value is string {
  return typeof value === 'string' && PROJECT_ID.test(value);
}
