import { PREFIX_BYTES } from '../../../src/revocation/revocation-feed';
import { ABSOLUTE_SCOPES, framesOf } from '../../../migrations/revocation-frames';
import { SCOPES } from '../../../src/tokens/scopes';

describe('A frame of revocations', () => {
  it('has in its prefixes the scopes of which a token says the keys at once, and no others', () => {
    const absolute = Object.entries(SCOPES).filter(([, { kind }]) => kind === 'absolute');

    expect(absolute.map(([scope]) => scope)).toEqual([...ABSOLUTE_SCOPES]);
  });

  it('has as much of each key as a replica keeps', () => {
    expect(framesOf('rows')).toContain(`substring(key FOR ${PREFIX_BYTES})`);
  });
});
