import type { LookupFunction } from 'node:net';
import { onceAtATime } from '../../../../src/tokens/jwks/host-lookup';

type Answer = Parameters<LookupFunction>[2];

const ALL = { all: true };
const ADDRESSES = [{ address: '192.0.2.1', family: 4 }];

/** The lookups that were begun, to be answered by hand. */
const begun: { readonly host: string; readonly answer: Answer }[] = [];
const lookUp = onceAtATime((host, _options, answer) => {
  begun.push({ host, answer });
});
const hosts = (): readonly string[] => begun.map(({ host }) => host);

/** Takes the answers to one who has asked. */
const asker = () => jest.fn<undefined, Parameters<Answer>>();

beforeEach(() => {
  begun.length = 0;
});
afterEach(() => {
  for (const { answer } of begun) answer(null, ADDRESSES);
});

describe('A host', () => {
  it('is looked up once at a time, whoever asks meanwhile', () => {
    const askers = Array.from({ length: 100 }, asker);
    for (const each of askers) lookUp('a.example', ALL, each);
    expect(hosts()).toEqual(['a.example']);
    begun[0]?.answer(null, ADDRESSES);
    for (const each of askers) expect(each.mock.calls).toEqual([[null, ADDRESSES, undefined]]);
  });

  it('is looked up anew once there is an answer, which may be a failure', () => {
    const [first, second] = [asker(), asker()];
    const failure = new Error('EAI_AGAIN');
    lookUp('a.example', ALL, first);
    begun[0]?.answer(failure, []);
    lookUp('a.example', ALL, second);
    begun[1]?.answer(null, ADDRESSES);
    expect(first.mock.calls).toEqual([[failure, [], undefined]]);
    expect(second.mock.calls).toEqual([[null, ADDRESSES, undefined]]);
  });

  it('may be asked for again by one that gets the answer', () => {
    lookUp('a.example', ALL, () => {
      lookUp('a.example', ALL, asker());
    });
    begun[0]?.answer(null, ADDRESSES);
    expect(hosts()).toEqual(['a.example', 'a.example']);
  });

  it('waits for no other, and for no answer of another form', () => {
    lookUp('a.example', ALL, asker());
    lookUp('b.example', ALL, asker());
    lookUp('a.example', { family: 4 }, asker());
    expect(hosts()).toEqual(['a.example', 'b.example', 'a.example']);
  });
});
