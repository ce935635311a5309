import { type EventSourceMessage, EventSourceParserStream } from 'eventsource-parser/stream';

export interface SeenEvent {
  readonly id: string | undefined;
  readonly event: string | undefined;
  readonly data: unknown;
}

/** Reads server-sent events until the server ends them, or until `enough` says so; then hangs up. */
export async function readEvents(
  url: string,
  token: string,
  options: { readonly lastEventId?: string; enough?(events: readonly SeenEvent[]): boolean } = {},
): Promise<readonly SeenEvent[]> {
  const ending = new AbortController();
  const response = await fetch(url, {
    headers: {
      Authorization: `Bearer ${token}`,
      ...(options.lastEventId === undefined ? {} : { 'Last-Event-ID': options.lastEventId }),
    },
    signal: ending.signal,
  });
  if (response.status !== 200 || response.body === null) {
    throw new Error(`Events were refused: ${response.status} ${await response.text()}`);
  }
  const events: SeenEvent[] = [];
  const stream = response.body
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream());
  try {
    for await (const { id, event, data } of readAll(stream)) {
      events.push({ id, event, data: JSON.parse(data) });
      if (options.enough?.(events) === true) break;
    }
  } finally {
    ending.abort();
  }
  return events;
}

async function* readAll(stream: ReadableStream<EventSourceMessage>): AsyncGenerator<EventSourceMessage> {
  const reader = stream.getReader();
  while (true) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}
