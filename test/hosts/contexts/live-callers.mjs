import { once } from 'node:events';
import { get } from 'node:http';
import { packageOf, PATIENCE_MS } from './callers.mjs';

const patience = () => ({ signal: AbortSignal.timeout(PATIENCE_MS) });

/** Each connects with a token, and resolves once it is served; `ended` tells how it was ended. */
export async function liveSocketIo(app, token) {
  const { io } = await packageOf(app, 'socket.io-client');
  const options = { path: '/live', transports: ['websocket'], reconnection: false };
  const client = io(app.url, { ...options, auth: { token } });
  const ended = new Promise((resolve) => {
    client.once('disconnect', resolve);
    client.once('connect_error', ({ data }) => resolve(data.status));
  });
  const connected = new Promise((resolve) => client.once('connect', resolve));
  await Promise.race([connected, ended]);
  return { ended, leave: () => client.close() };
}

export async function liveWs(app, token) {
  const { default: WebSocket } = await packageOf(app, 'ws');
  const client = new WebSocket(`${app.url.replace('http', 'ws')}/live`, ['bearer', token]);
  const ended = once(client, 'close', patience()).then(([code]) => code);
  await once(client, 'open', patience());
  return { ended, leave: () => client.terminate() };
}

export async function liveSubscription(app, token) {
  const { default: WebSocket } = await packageOf(app, 'ws');
  const url = `${app.url.replace('http', 'ws')}/graphql`;
  const client = new WebSocket(url, 'graphql-transport-ws');
  const ended = once(client, 'close', patience()).then(([code]) => code);
  const send = (message) => client.send(JSON.stringify(message));
  await once(client, 'open', patience());
  send({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } });
  const isLetIn = await Promise.race([once(client, 'message').then(() => true), ended]);
  if (isLetIn === true) {
    send({ id: '1', type: 'subscribe', payload: { query: 'subscription { tick }' } });
    await Promise.race([once(client, 'message', patience()), ended]);
  }
  return { ended, leave: () => client.terminate() };
}

export async function liveEvents(app, token) {
  const headers = { authorization: `Bearer ${token}` };
  const [response] = await once(get(`${app.url}/events`, { headers, agent: false }), 'response');
  const { statusCode } = response;
  const ended = once(response, 'end', patience()).then(() => statusCode);
  await once(response, 'data', patience());
  return { ended, leave: () => response.destroy() };
}
