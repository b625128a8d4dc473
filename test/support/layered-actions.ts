import fc from 'fast-check';
import { CLIENTS, ISSUER_NAMES, SUBJECTS, type Action, type Instant } from './layered-world';

const issuer = fc.constantFrom(...ISSUER_NAMES);
const subject = fc.constantFrom(...SUBJECTS);
const client = fc.constantFrom(...CLIENTS);
const which = fc.nat(50);
const at = fc.constantFrom<Instant>('now', 'now', -1, 0, 1);

const action = (kind: Action['kind'], more: object): fc.Arbitrary<Action> =>
  fc.record({ kind: fc.constant(kind), ...more }) as fc.Arbitrary<unknown> as fc.Arbitrary<Action>;

const login = action('login', {
  ...{ issuer, subject, at },
  client: fc.option(client, { nil: undefined }),
  azp: fc.option(client, { nil: undefined }),
});

/** What happens to sessions and their tokens. */
export const layeredAction: fc.Arbitrary<Action> = fc.oneof(
  { weight: 4, arbitrary: login },
  { weight: 6, arbitrary: action('refresh', { which, at }) },
  action('logout', { which, covers: fc.constantFrom('token', 'session') }),
  action('end session', { which }),
  action('subject', { issuer, subject, reach: fc.constant('sessions') }),
  { weight: 2, arbitrary: action('subject', { issuer, subject, reach: fc.constant('tokens') }) },
  action('client', { issuer, client }),
  action('issuer', { issuer }),
);
