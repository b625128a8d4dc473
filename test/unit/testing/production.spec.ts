import { Logger } from '@nestjs/common';
import { actAs, LogoutTesting } from '../../../src/testing';

describe('What is for tests', () => {
  const env = process.env.NODE_ENV;
  const lines: unknown[] = [];
  beforeEach(() => {
    lines.length = 0;
    const ignore = (): void => undefined;
    Logger.overrideLogger({
      log: ignore,
      error: ignore,
      warn: (line: unknown) => lines.push(line),
    });
  });
  afterEach(() => {
    process.env.NODE_ENV = env;
    Logger.overrideLogger(false);
  });

  it('says in the log that it runs in production', () => {
    process.env.NODE_ENV = 'production';
    actAs({ sub: 'ada' });
    new LogoutTesting();
    expect(lines).toEqual([
      expect.stringContaining('it lets every call in'),
      expect.stringContaining('forgotten at a restart'),
    ]);
  });

  it('says nothing elsewhere', () => {
    actAs({ sub: 'ada' });
    new LogoutTesting();
    expect(lines).toEqual([]);
  });
});
