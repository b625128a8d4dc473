import { outageReport } from '../../../src/web/outage-report';
import { ManualTime } from '../replica/manual-ports';

const CAUSE = new Error('no database');

describe('The report of an outage', () => {
  let time: ManualTime;
  let reported: Error[];
  let refused: (cause: unknown) => void;
  beforeEach(() => {
    time = new ManualTime();
    reported = [];
    refused = outageReport((error) => reported.push(error), time);
  });
  const messages = (): string[] => reported.map(({ message }) => message);

  it('tells of the first refused request at once, with its cause', () => {
    refused(CAUSE);
    expect(messages()).toEqual(['Tokens could not be checked: 1 request refused.']);
    expect(reported[0]?.cause).toBe(CAUSE);
  });

  it('tells of the others once a minute, with their number', () => {
    for (let second = 0; second < 150; second += 1) {
      refused(CAUSE);
      time.pause(1000);
    }
    expect(messages()).toEqual([
      'Tokens could not be checked: 1 request refused.',
      'Tokens could not be checked: 60 requests refused.',
      'Tokens could not be checked: 60 requests refused.',
    ]);
  });

  it('survives a log that throws', () => {
    const broken = outageReport(() => {
      throw new Error('no log');
    }, time);
    expect(() => {
      broken(CAUSE);
    }).not.toThrow();
  });
});
