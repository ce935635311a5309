import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/** An address that is known before the server behind it is. */
export interface Front {
  readonly url: string;
  /** Passes what comes from now on to the server at `url`. */
  leadTo(url: string): void;
  close(): Promise<void>;
}

export async function openFront(): Promise<Front> {
  let target: URL | undefined;
  const server = createServer((client) => {
    if (target === undefined) return void client.destroy();
    const inner = connect(Number(target.port), target.hostname);
    for (const socket of [client, inner]) socket.on('error', () => undefined);
    client.pipe(inner).pipe(client);
    client.on('close', () => inner.destroy());
    inner.on('close', () => client.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The front listens on no port.');
  return {
    url: `http://127.0.0.1:${address.port}`,
    leadTo(url) {
      target = new URL(url);
    },
    async close() {
      server.close();
      await once(server, 'close');
    },
  };
}
