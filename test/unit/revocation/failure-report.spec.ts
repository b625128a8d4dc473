import { IssuerUnavailableError, StoreUnavailableError } from '../../../src/revocation/errors';
import { failureReport } from '../../../src/revocation/failure-report';
import { ManualTime } from '../replica/manual-ports';

const OUTAGE = new StoreUnavailableError('be asked');
const STORE =
  'Let this host reach its server; logouts among them are in doubt, and may be repeated.';

describe('The report of requests that could not be answered', () => {
  let time: ManualTime;
  let reported: unknown[];
  let failed: (error: unknown) => void;
  beforeEach(() => {
    time = new ManualTime();
    reported = [];
    failed = failureReport((error) => reported.push(error), time);
  });
  const messages = (): string[] => reported.map((error) => (error as Error).message);

  it('tells of the first one in an outage of the store at once, with its cause', () => {
    failed(OUTAGE);
    expect(messages()).toEqual([
      `The revocation store gave no answer: 1 request refused. ${STORE}`,
    ]);
    expect(reported[0]).toHaveProperty('cause', OUTAGE);
  });

  it('tells of the others once a minute, with their number', () => {
    for (let second = 0; second < 150; second += 1) {
      failed(OUTAGE);
      time.pause(1000);
    }
    expect(messages()).toEqual([
      `The revocation store gave no answer: 1 request refused. ${STORE}`,
      `The revocation store gave no answer: 60 requests refused. ${STORE}`,
      `The revocation store gave no answer: 60 requests refused. ${STORE}`,
    ]);
  });

  it('tells of each issuer apart whose keys are not known, and what to do', () => {
    for (let times = 0; times < 3; times += 1) {
      failed(new IssuerUnavailableError('https://a.example'));
      failed(new IssuerUnavailableError('https://b.example'));
      failed(OUTAGE);
    }
    time.pause(60_000);
    failed(new IssuerUnavailableError('https://a.example'));
    const [a, b, store, ...later] = messages();
    expect(a).toBe(
      'Tokens could not be checked: 1 request refused. The keys of the issuer "https://a.example" are ' +
        'not known now. Let this host reach where it publishes them (jwksUri, discovery); the log says ' +
        'why they could not be fetched.',
    );
    expect(b).toMatch(/1 request refused\..*"https:\/\/b\.example" are not known/);
    expect(store).toContain('The revocation store gave no answer: 1 request refused.');
    expect(later).toEqual([
      expect.stringMatching(/3 requests refused\..*"https:\/\/a\.example" are not known/),
    ]);
  });

  it('tells of every other error, each time and as it is', () => {
    const [first, second] = [new TypeError('one'), 'two'];
    failed(first);
    failed(first);
    failed(second);
    expect(reported).toEqual([first, first, second]);
  });

  it('survives a log that throws', () => {
    const broken = failureReport(() => {
      throw new Error('no log');
    }, time);
    expect(() => {
      broken(OUTAGE);
      broken(new TypeError('one'));
    }).not.toThrow();
  });
});
