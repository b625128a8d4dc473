import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { FaultProxy } from './proxy';

/** A server that says everything back, behind its name. */
async function startEcho(name: string): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => socket.write(`${name}:${chunk.toString()}`));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

describe('The proxy of the fault suite', () => {
  let echo: Server;
  let proxy: FaultProxy;
  const sockets: Socket[] = [];

  beforeEach(async () => {
    echo = await startEcho('one');
    proxy = await FaultProxy.before(portOf(echo));
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await proxy.close();
    echo.close();
  });

  async function open(): Promise<Socket> {
    const socket = connect(proxy.port, '127.0.0.1');
    socket.on('error', () => undefined);
    sockets.push(socket);
    await once(socket, 'connect');
    return socket;
  }

  async function ask(socket: Socket, text: string): Promise<string> {
    const heard = once(socket, 'data');
    socket.write(text);
    const [chunk] = (await heard) as [Buffer];
    return chunk.toString();
  }

  /** Whether nothing comes for a while. */
  async function isSilent(socket: Socket, text: string): Promise<boolean> {
    let heard = 0;
    const hear = (): number => (heard += 1);
    socket.on('data', hear);
    socket.write(text);
    await sleep(100);
    socket.off('data', hear);
    return heard === 0;
  }

  it('passes everything on as long as nothing is imposed', async () => {
    expect(await ask(await open(), 'hello')).toBe('one:hello');
  });

  it('holds what is sent, and delivers it when healed', async () => {
    const socket = await open();
    proxy.impose({ up: 'held' });
    expect(await isSilent(socket, 'hello')).toBe(true);
    const heard = once(socket, 'data');
    proxy.heal();
    expect(String((await heard)[0])).toBe('one:hello');
  });

  it('loses what is sent for ever, and that connection with it, without a word', async () => {
    const socket = await open();
    proxy.impose({ up: 'lost', down: 'lost' });
    expect(await isSilent(socket, 'hello')).toBe(true);
    expect(await isSilent(await open(), 'hello')).toBe(true);
    proxy.heal();
    expect(await isSilent(socket, 'again')).toBe(true);
    expect(socket.readyState).toBe('open');
    expect(await ask(await open(), 'new')).toBe('one:new');
  });

  it('delivers late, and in order, also when the delay ends in between', async () => {
    const socket = await open();
    proxy.impose({ down: 150 });
    const begun = performance.now();
    socket.write('a');
    await sleep(20);
    proxy.heal();
    socket.write('b');
    await sleep(50);
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    expect(chunk.toString()).toMatch(/^one:a/);
    expect(performance.now() - begun).toBeGreaterThan(149);
  });

  it('strikes a purpose from its next statement on, and leaves the others alone', async () => {
    const [writer, reader] = [await open(), await open()];
    proxy.impose({ on: 'writes', up: 'held' });
    expect(await ask(reader, 'SELECT 1')).toBe('one:SELECT 1');
    expect(await isSilent(writer, 'INSERT INTO x')).toBe(true);
  });

  it('knows the connection that listens from what it said long ago', async () => {
    const [feed, other] = [await open(), await open()];
    await ask(feed, 'LISTEN x');
    proxy.impose({ on: 'feed', down: 'lost' });
    expect(await isSilent(feed, 'SELECT 1')).toBe(true);
    expect(await ask(other, 'SELECT 1')).toBe('one:SELECT 1');
    expect(proxy.cut('feed')).toBe(1);
  });

  it('resets connections, which both ends notice', async () => {
    const socket = await open();
    await ask(socket, 'hello');
    const error = new Promise((resolve) => socket.once('error', resolve));
    proxy.cut();
    expect(await error).toMatchObject({ code: 'ECONNRESET' });
  });

  it('puts another server behind the same address', async () => {
    const other = await startEcho('two');
    const old = await open();
    await ask(old, 'hello');
    const closed = new Promise((resolve) => old.once('close', resolve));
    proxy.switchTo(portOf(other));
    await closed;
    expect(await ask(await open(), 'hello')).toBe('two:hello');
    other.close();
  });
});
