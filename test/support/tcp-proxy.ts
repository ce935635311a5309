import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** A line to a server that a test can cut and hold up. */
export interface TcpProxy {
  /** The server's address, through the proxy. */
  readonly url: string;
  /** Ends all connections and refuses new ones, as a server that is down. */
  cut(): Promise<void>;
  /** Takes connections but moves no byte, as a server that hangs or a network that swallows everything. */
  pause(): void;
  /** Ends what `cut` or `pause` began. What was held up is delivered, unless its connection was given up meanwhile. */
  resume(): Promise<void>;
  /** Lets the next requests through and cuts the line when the server answers: nobody hears what it said. */
  loseAnswers(count: number): void;
  close(): Promise<void>;
}

/** Listens on a port of its own and passes everything on to the server of `target`. */
export async function startTcpProxy(target: string): Promise<TcpProxy> {
  const { hostname, port } = new URL(target);
  const pairs = new Set<readonly [Socket, Socket]>();
  let paused = false;
  let toLose = 0;
  let own = 0;

  const accept = (client: Socket) => {
    const server = connect(Number(port), hostname);
    const pair = [client, server] as const;
    pairs.add(pair);
    for (const [from, to] of [pair, [server, client] as const]) {
      from.on('data', (chunk) => {
        if (from === server && toLose > 0) {
          toLose -= 1;
          client.resetAndDestroy();
          return;
        }
        if (!to.write(chunk)) {
          from.pause();
          to.once('drain', () => {
            if (!paused) from.resume();
          });
        }
      });
      // Whichever side goes, the other goes too.
      from.on('error', () => undefined);
      from.on('close', () => {
        to.destroy();
        pairs.delete(pair);
      });
      if (paused) from.pause();
    }
  };
  const listen = async (): Promise<Server> => {
    const server = createServer(accept);
    server.listen(own, '127.0.0.1');
    await once(server, 'listening');
    return server;
  };
  let server: Server | undefined = await listen();
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The proxy listens on no port.');
  own = address.port;
  const url = new URL(target);
  url.hostname = '127.0.0.1';
  url.port = String(own);

  async function cut(): Promise<void> {
    const closing = server;
    server = undefined;
    if (closing === undefined) return;
    const closed = once(closing, 'close');
    closing.close();
    for (const pair of pairs) for (const socket of pair) socket.resetAndDestroy();
    await closed;
  }

  return {
    url: url.href,
    cut,
    pause() {
      paused = true;
      for (const pair of pairs) for (const socket of pair) socket.pause();
    },
    async resume() {
      paused = false;
      for (const pair of pairs) for (const socket of pair) socket.resume();
      server ??= await listen();
    },
    loseAnswers(count) {
      toLose = count;
    },
    close: cut,
  };
}
