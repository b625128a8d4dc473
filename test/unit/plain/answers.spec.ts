import { prepareAnswers } from '../../../src/plain/answers';

describe('The answers of the Express face', () => {
  it('are the documented ones unless the host changes them', () => {
    expect(prepareAnswers(undefined)).toEqual({
      loggedOut: { status: 200, text: '{"message":"Logged out successfully"}' },
      logoutRefused: { status: 400, text: '{"error":"Invalid token"}' },
      notAuthenticated: { status: 401, text: '{"error":"Invalid token"}' },
      tooManyRequests: { status: 429, text: '{"error":"Too many requests"}' },
      unavailable: { status: 500, text: '{"error":"Internal server error"}' },
    });
  });

  it('keep what the host does not change', () => {
    const { loggedOut, unavailable } = prepareAnswers({
      loggedOut: { body: null },
      unavailable: { status: 503, body: undefined },
    });
    expect(loggedOut).toEqual({ status: 200, text: 'null' });
    expect(unavailable).toEqual({ status: 503, text: '{"error":"Internal server error"}' });
  });

  it('stay as they were when the host changes its object later', () => {
    const body = { error: 'then' };
    const { logoutRefused } = prepareAnswers({ logoutRefused: { body } });
    body.error = 'now';
    expect(logoutRefused.text).toBe('{"error":"then"}');
  });

  it.each([
    ['loggedOut', 200],
    ['loggedOut', 299],
    ['logoutRefused', 400],
    ['notAuthenticated', 599],
  ] as const)('take for %s the status %i', (name, status) => {
    expect(prepareAnswers({ [name]: { status } })[name].status).toBe(status);
  });

  it.each([
    ['loggedOut', 199, 'a whole number from 200 to 299, got 199'],
    ['loggedOut', 300, 'a whole number from 200 to 299, got 300'],
    ['logoutRefused', 399, 'a whole number from 400 to 599, got 399'],
    ['unavailable', 600, 'a whole number from 400 to 599, got 600'],
    ['notAuthenticated', 401.5, 'a whole number from 400 to 599, got 401.5'],
    ['notAuthenticated', '401', 'a whole number from 400 to 599, got a string'],
  ])('refuse for %s the status %p', (name, status, sentence) => {
    expect(() => prepareAnswers({ [name]: { status } })).toThrow(
      new TypeError(`nestjs-logout: "answers.${name}.status" must be ${sentence}.`),
    );
  });

  it.each([
    ['a function', () => 1, 'a function'],
    ['a BigInt', { n: 1n }, 'an object'],
  ])('refuse %s as a body', (_what, body, got) => {
    expect(() => prepareAnswers({ loggedOut: { body } })).toThrow(
      new TypeError(
        `nestjs-logout: "answers.loggedOut.body" must be something that JSON can hold, got ${got}.`,
      ),
    );
  });

  it.each([
    [
      null,
      'answers',
      'loggedOut, logoutRefused, notAuthenticated, tooManyRequests, unavailable',
      'null',
    ],
    [
      [],
      'answers',
      'loggedOut, logoutRefused, notAuthenticated, tooManyRequests, unavailable',
      'an empty list',
    ],
    [
      { logedOut: {} },
      'answers',
      'loggedOut, logoutRefused, notAuthenticated, tooManyRequests, unavailable',
      'another member',
    ],
    [{ unavailable: 503 }, 'answers.unavailable', 'status, body', '503'],
    [{ unavailable: { code: 1 } }, 'answers.unavailable', 'status, body', 'another member'],
  ])('refuse %j', (changes, option, members, got) => {
    expect(() => prepareAnswers(changes)).toThrow(
      new TypeError(
        `nestjs-logout: "${option}" must be an object with some of ${members}, got ${got}.`,
      ),
    );
  });
});
