import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { MillraceError } from '../errors/catalogue.ts';
import type { Logger } from '../observability/logger.ts';

/** How long a client may take to send an upload, in ms; other requests are cut off sooner by their time limit. */
const receiveTimeoutMs = 10 * 60_000;
const headersTimeoutMs = 15_000;
/** Longer than load balancers keep theirs (60 s as a rule), so that they never write to a connection just closed. */
const keepAliveTimeoutMs = 65_000;
const lookForIdleMs = 50;

export interface Listener {
  readonly port: number;
  /** Takes no more connections, lets requests under way end for `drainMs`, then cuts them off. */
  close(drainMs: number): Promise<void>;
}

export interface ScraperOptions {
  readonly host: string;
  readonly port: number;
  /** Nobody has asked for this port. */
  readonly portIsDefault?: boolean;
  readonly log: Logger;
}

/** Listens. @throws MillraceError PREFLIGHT_FAILED when the port is taken or not ours to take. */
export async function listen(handler: RequestListener, host: string, port: number): Promise<Listener> {
  const server = createServer(
    {
      requestTimeout: receiveTimeoutMs,
      headersTimeout: headersTimeoutMs,
      keepAliveTimeout: keepAliveTimeoutMs,
    },
    handler,
  );
  const unused = watchUnused(server);
  await bind(server, host, port);
  const address = server.address();
  return { port: isTcp(address) ? address.port : port, close: (drainMs) => drain(server, unused, drainMs) };
}

/**
 * Listens for scrapers. Where another holds a port that nobody asked for (three workers on one machine all have the default),
 * the process works on and says what it goes without.
 */
export async function listenForScrapers(
  handler: RequestListener,
  { host, port, portIsDefault, log }: ScraperOptions,
): Promise<Listener | undefined> {
  return listen(handler, host, port).catch((error: unknown) => {
    if (portIsDefault !== true || !isTaken(error)) throw error;
    log.warn(
      { port },
      'METRICS_PORT is taken, perhaps by another process of ours: no metrics and no health there of this one. Set one for each.',
    );
    return undefined;
  });
}

function isTaken(error: unknown): boolean {
  const cause = error instanceof MillraceError ? error.cause : undefined;
  return cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE';
}

function bind(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (error: NodeJS.ErrnoException) => {
      const why =
        error.code === 'EADDRINUSE' ? 'something else listens there' : (error.code ?? error.message);
      const message = `Cannot listen on ${host}:${port}: ${why}. Stop it, or set PORT, HOST or METRICS_PORT.`;
      reject(new MillraceError('PREFLIGHT_FAILED', message, { cause: error }));
    };
    server.once('error', refuse);
    server.listen(port, host, () => {
      server.off('error', refuse);
      resolve();
    });
  });
}

/** Connections on which nothing was asked yet: clients open some ahead, and Node does not count them as idle. */
function watchUnused(server: Server): ReadonlySet<Socket> {
  const unused = new Set<Socket>();
  server.on('connection', (socket) => {
    unused.add(socket);
    socket.once('close', () => unused.delete(socket));
  });
  server.on('request', ({ socket }) => unused.delete(socket));
  return unused;
}

function drain(server: Server, unused: ReadonlySet<Socket>, drainMs: number): Promise<void> {
  return new Promise((resolve) => {
    // Connections become idle as their last answer leaves; closing the server only closes those that are so now.
    const idle = setInterval(() => server.closeIdleConnections(), lookForIdleMs);
    const deadline = setTimeout(() => server.closeAllConnections(), drainMs);
    server.close(() => {
      clearInterval(idle);
      clearTimeout(deadline);
      resolve();
    });
    server.closeIdleConnections();
    for (const socket of unused) {
      if (socket.bytesRead === 0) socket.destroy();
    }
  });
}

function isTcp(address: AddressInfo | string | null): address is AddressInfo {
  return typeof address === 'object' && address !== null;
}
