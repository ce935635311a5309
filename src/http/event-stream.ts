import { once } from 'node:events';
import type { Response } from 'express';
import type { Revoked } from '../access/revoked.ts';
import type { Principal } from '../access/roles.ts';
import { RateLimitedError } from '../errors/catalogue.ts';

/** Proxies close connections that are silent for a minute or so. */
const heartbeatMs = 15_000;
/** What a client waits before it connects again, in ms. */
const reconnectMs = 1_000;
/** Each open stream holds a connection and a watcher. */
const most = { perCaller: 100, perProcess: 1_000 } as const;

/** Whoever listens: a stream counts against their share, and ends with the right that it was opened by. */
type Listener = Pick<Principal, 'subject' | 'expiresAt' | 'tokenId' | 'sessionId'>;

/** One open stream of server-sent events. */
export interface EventStream {
  /** Aborted when the client has gone, the caller's right has ended, or the process drains. */
  readonly signal: AbortSignal;
  /** Sends an event; `id` is what the client names when it connects again. Resolves when there is room for the next. */
  send(event: string, id: string, data: unknown): Promise<void>;
  close(): void;
}

/** The streams of this process (HTML Living Standard, 9.2). Those that are open when it drains are ended, and their clients come back elsewhere. */
export class EventStreams {
  readonly #open = new Map<EventStream, Listener>();
  #closing = false;

  constructor(revoked: Pick<Revoked, 'onEnd'>) {
    revoked.onEnd((id) => {
      for (const [stream, { tokenId, sessionId }] of this.#open)
        if (id === tokenId || id === sessionId) stream.close();
    });
  }

  /** Begins an answer of events. @throws RateLimitedError RATE_LIMITED when too many are open. */
  open(response: Response, listener: Listener): EventStream {
    const { subject, expiresAt } = listener;
    const own = [...this.#open.values()].filter((other) => other.subject === subject).length;
    if (this.#closing || own >= most.perCaller || this.#open.size >= most.perProcess) {
      throw new RateLimitedError(
        'RATE_LIMITED',
        'Too many streams of events are open: close some, or ask again later.',
        5_000,
      );
    }
    const ending = new AbortController();
    const heartbeat = setInterval(() => response.write(': still here\n\n'), heartbeatMs);
    // A timer's longest time is 24 days, which is longer than a connection lives.
    const expiry = setTimeout(() => stream.close(), Math.min(expiresAt.getTime() - Date.now(), 2 ** 31 - 1));
    const stream: EventStream = {
      signal: ending.signal,
      async send(event, id, data) {
        if (ending.signal.aborted) return;
        const room = response.write(`id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
        // Whoever reads slowly is told less often, and costs no memory. That it goes away meanwhile is no fault.
        if (!room) await once(response, 'drain', { signal: ending.signal }).catch(() => undefined);
      },
      close: () => {
        ending.abort();
        response.end();
      },
    };
    this.#open.set(stream, listener);
    const gone = () => {
      clearInterval(heartbeat);
      clearTimeout(expiry);
      ending.abort();
      this.#open.delete(stream);
    };
    response.on('close', gone);
    // It may have gone while it was looked up what it wants.
    if (response.destroyed) gone();
    response.status(200).set({
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store',
      // nginx would hold events back until its buffer is full.
      'X-Accel-Buffering': 'no',
    });
    response.flushHeaders();
    response.write(`retry: ${reconnectMs}\n\n`);
    return stream;
  }

  /** Ends all streams; none is opened after. */
  close(): void {
    this.#closing = true;
    for (const stream of this.#open.keys()) stream.close();
  }
}
