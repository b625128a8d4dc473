import { once } from 'node:events';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { HttpClient } from '../harness/http-client.mjs';

export const PATIENCE_MS = 10_000;

/** Each asks who the caller is, with a client of the kind that users have. */
export async function overHttp(app, token) {
  const { status, headers, body } = await new HttpClient(app.url).me(token);
  return { status, challenge: headers.get('www-authenticate'), body: JSON.parse(body) };
}

export async function overGraphql(app, token) {
  const body = JSON.stringify({ query: '{ me }' });
  const answer = await new HttpClient(app.url).request('POST', '/graphql', { token, body });
  const { data, errors } = JSON.parse(answer.body);
  if (errors === undefined) return { status: answer.status, data };
  return { status: answer.status, errors: errors.map(withoutPlace) };
}

/** Apollo shows the stack outside production, as the host has it set. */
function withoutPlace({ locations: _locations, extensions, ...error }) {
  const { stacktrace: _stacktrace, ...rest } = extensions ?? {};
  return { ...error, extensions: rest };
}

/**
 * @param how `header`: the token is sent in the header; `{ between }`: several messages on one
 * connection, with these steps between them.
 * @returns the event and its data; with `between`, those of all messages.
 */
export async function overSocketIo(app, token, how = {}) {
  const { io } = await packageOf(app, 'socket.io-client');
  const carried = token === undefined ? {} : carry(token, how);
  const client = io(app.url, { path: '/live', transports: ['websocket'], ...carried });
  try {
    await heard((resolve, reject) => {
      client.on('connect', resolve);
      client.on('connect_error', reject);
    });
    return await messages(how, () =>
      heard((resolve) => {
        client.removeAllListeners();
        client.offAny().onAny((...event) => resolve(event));
        client.emit('me', {});
      }),
    );
  } finally {
    client.close();
  }
}

const carry = (token, how) =>
  how === 'header' ? { extraHeaders: { authorization: `Bearer ${token}` } } : { auth: { token } };

/** The same with `ws`, whose clients send the token in a header. */
export async function overWs(app, token, how = {}) {
  const { default: WebSocket } = await packageOf(app, 'ws');
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const client = new WebSocket(`${app.url.replace('http', 'ws')}/live`, { headers });
  try {
    await once(client, 'open', { signal: AbortSignal.timeout(PATIENCE_MS) });
    return await messages(how, () =>
      heard((resolve) => {
        client.once('message', (text) => {
          const { event, data } = JSON.parse(text);
          resolve([event, data]);
        });
        client.send(JSON.stringify({ event: 'me', data: {} }));
      }),
    );
  } finally {
    client.terminate();
  }
}

/** Over TCP, with Nest's own client; the token is in the message. */
export async function overTcp(app, token, pattern = 'me', message = { token }) {
  return withTcpClient(app, (client) =>
    heard((resolve) => {
      client.send(pattern, message).subscribe({
        next: (value) => resolve({ value }),
        error: (error) => resolve({ error }),
      });
    }),
  );
}

/** Sends an event, which has no answer. */
export async function emitOverTcp(app, pattern) {
  await withTcpClient(app, (client) =>
    heard((resolve, reject) => {
      client.emit(pattern, {}).subscribe({ complete: resolve, error: reject });
    }),
  );
}

async function withTcpClient(app, work) {
  const { ClientProxyFactory, Transport } = await packageOf(app, '@nestjs/microservices');
  const options = { host: '127.0.0.1', port: Number(app.messagesPort) };
  const client = ClientProxyFactory.create({ transport: Transport.TCP, options });
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

async function messages({ between }, ask) {
  const first = await ask();
  if (between === undefined) return first;
  const answers = [first];
  for (const step of between) {
    await step();
    answers.push(await ask());
  }
  return answers;
}

/** The copy of a package that the host has installed. */
export function packageOf({ host }, name) {
  const { resolve } = createRequire(join(host.folder, 'package.json'));
  return import(pathToFileURL(resolve(name)).href);
}

async function heard(listen) {
  let timer;
  try {
    return await new Promise((resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer in ${PATIENCE_MS} ms`)), PATIENCE_MS);
      listen(resolve, reject);
    });
  } finally {
    clearTimeout(timer);
  }
}
