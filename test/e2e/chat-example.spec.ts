import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { io, type Socket } from 'socket.io-client';
import request from 'supertest';
import { builtProject } from '../support/built-project';

describe('The example of a chat', () => {
  let example: ChildProcess;
  let url: string;
  const sockets: Socket[] = [];

  beforeAll(async () => {
    const main = join(await builtProject(), 'dist/examples/chat/main.js');
    const { PATH } = process.env;
    const child = spawn(process.execPath, [main], {
      env: { PATH, PORT: '0' },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    example = child;
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
    url = `http://127.0.0.1:${/localhost:(\d+)/.exec(line)?.[1] ?? 'nowhere'}`;
  });
  afterAll(() => {
    for (const socket of sockets) socket.close();
    example.kill();
  });

  async function logIn(name: string, password: string): Promise<string> {
    const answer = await request(url).post('/login').send({ name, password }).expect(200);
    return (answer.body as { token: string }).token;
  }

  const next = (socket: Socket, event: string): Promise<unknown> =>
    new Promise((resolve) => socket.once(event, resolve));

  async function connect(token: string): Promise<Socket> {
    const socket = io(url, { auth: { token }, reconnection: false });
    sockets.push(socket);
    await new Promise((resolve, reject) => {
      socket.once('connect', () => {
        resolve(undefined);
      });
      socket.once('connect_error', reject);
    });
    return socket;
  }

  it('serves its page', async () => {
    await request(url)
      .get('/')
      .expect(200)
      .expect('Content-Type', /^text\/html/);
  });

  it('carries words until the logout, which ends the socket', async () => {
    const token = await logIn('ada', 'lovelace');
    const [ada, grace] = [await connect(token), await connect(await logIn('grace', 'hopper'))];
    const heard = next(grace, 'said');
    ada.emit('say', 'hello');
    expect(await heard).toEqual({ name: 'ada', text: 'hello' });

    const ended = next(ada, 'disconnect');
    const logout = request(url).post('/api/v1/auth/logout').set('Authorization', `Bearer ${token}`);
    await logout.send({ token }).expect(200);
    expect(await ended).toBe('io server disconnect');
    expect(grace.connected).toBe(true);
    await expect(connect(token)).rejects.toThrow();
  });

  it('lets nobody connect without a token', async () => {
    await expect(connect('')).rejects.toThrow();
  });
});
