import axios from 'axios';
import { DOCUMENTED, LOGOUT, PLATFORMS, TestApp } from '../support/app';

interface Given {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What clients send for a logout that needs no body; axios adds a form type in Node. */
const CLIENTS: Readonly<Record<string, (given: Given) => Promise<unknown>>> = {
  'axios.post(url)': ({ url, headers }) => axios.post(url, undefined, { headers }),
  'axios.post(url, null)': ({ url, headers }) => axios.post(url, null, { headers }),
  "axios.post(url, '')": ({ url, headers }) => axios.post(url, '', { headers }),
  'axios.post(url, {})': ({ url, headers }) => axios.post(url, {}, { headers }),
  'fetch without a body': ({ url, headers }) => fetch(url, { method: 'POST', headers }),
  "fetch with the body ''": ({ url, headers }) => fetch(url, { method: 'POST', headers, body: '' }),
  'fetch with an empty form': ({ url, headers }) =>
    fetch(url, { method: 'POST', headers, body: new URLSearchParams() }),
  'fetch with the JSON type and no body': ({ url, headers }) =>
    fetch(url, { method: 'POST', headers: { ...headers, 'Content-Type': 'application/json' } }),
};

const textOf = async (answer: unknown): Promise<unknown> =>
  answer instanceof Response
    ? answer.text()
    : JSON.stringify((answer as { readonly data: unknown }).data);

describe.each(PLATFORMS)("With bodyToken: 'optional', on %s", (platform) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start(platform, { bodyToken: 'optional' });
  });
  afterAll(() => app.close());

  it.each(Object.entries(CLIENTS))('%s logs out by the bearer alone', async (_, post) => {
    const token = app.issuer.token();
    const headers = { Authorization: `Bearer ${token}` };
    const answer = await post({ url: app.url + LOGOUT, headers });
    expect(answer).toMatchObject({ status: 200 });
    expect(await textOf(answer)).toBe(DOCUMENTED.loggedOut);
    await app.me(token).expect(401);
  });
});
