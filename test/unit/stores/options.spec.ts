import { DataSource } from 'typeorm';
import { StoreUnavailableError } from '../../../src/revocation/errors';
import { resolveStoreOptions } from '../../../src/stores/postgres/options';
import { PostgresRevocationStore } from '../../../src/postgres/postgres-revocation-store';

const host = new DataSource({ type: 'postgres', url: 'postgres://x/y' });

describe('The options of the store', () => {
  const misspelt: object = { maxStalenesMs: 500 };

  it.each([
    [{ lookupTimeoutMs: 9 }, '"lookupTimeoutMs" must be a whole number of milliseconds from 10 to'],
    [{ lookupTimeoutMs: 1.5 }, '"lookupTimeoutMs"'],
    [{ writeTimeoutMs: 60_001 }, '"writeTimeoutMs" must be a whole number of milliseconds'],
    [{ upkeepIntervalMs: Number.NaN }, '"upkeepIntervalMs"'],
    [{ auditMonths: 0 }, '"auditMonths" must be a whole number of months from 1 to 1200'],
    [{ auditMonths: 1.5 }, '"auditMonths"'],
    [{ migrate: 'no' as unknown as boolean }, '"migrate" must be true or false, got a string.'],
    [{ maxStalenessMs: 199 }, '"maxStalenessMs" must be a whole number of milliseconds from 200'],
    [
      { maxStalenessMs: 900, pollIntervalMs: 451 },
      '"pollIntervalMs" must be at most half of "maxStalenessMs", got 451.',
    ],
    [{ pollIntervalMs: 49 }, '"pollIntervalMs" must be a whole number of milliseconds from 50 to'],
    [{ maxEntries: 0 }, '"maxEntries" must be a whole number of revocations from 1 to'],
    [{ check: 'cache' as 'direct' }, '"check" must be "replica" or "direct", got "cache".'],
    [{ logoutWaits: 'all' as 'cluster' }, '"logoutWaits" must be "instance" or "cluster"'],
    [{ feedConnection: 'host:5432' }, '"feedConnection" must be a URL such as postgres://'],
    [misspelt, '"maxStalenesMs" must be left out'],
    [{ onError: 1 as unknown as () => void }, '"onError" must be a function, got 1.'],
  ])('are checked when it is built: %j', (options, message) => {
    expect(() => new PostgresRevocationStore(host, options)).toThrow(message);
  });

  it('warn the process, with the reason, where no onError is given', () => {
    const warning = jest.spyOn(process, 'emitWarning').mockImplementation();
    const cause = new Error('permission denied for table replica_instances');
    resolveStoreOptions({}).onError(new StoreUnavailableError('announce this instance', { cause }));
    expect(warning).toHaveBeenCalledWith(
      'nestjs-logout: The revocation store could not announce this instance. ' +
        'permission denied for table replica_instances',
    );
    warning.mockRestore();
  });
});
