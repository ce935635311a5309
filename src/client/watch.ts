import { EventSourceParserStream } from 'eventsource-parser/stream';
import { isFields, isJob, isProgress, isState } from './answers.ts';
import { ClientError, RefusedError, UnansweredError, WaitTimeoutError } from './errors.ts';
import { pause, type Transport } from './transport.ts';
import type { Job, JobReference, WaitOptions } from './types.ts';

/** The platform says something every 15 s, if only that it is still there. */
const silenceMs = 45_000;
/** After so many streams that told nothing, something on the way holds events back. */
const mostMute = 2;
const poll = { firstMs: 250, mostMs: 5_000 } as const;

/**
 * Waits until a job has ended, by its server-sent events: a stream that breaks off is opened again and goes on after the
 * last event. Where events do not come through, the job is asked for now and then.
 * @throws WaitTimeoutError; ClientError JOB_NOT_FOUND when it is forgotten; as `Transport.call`.
 */
export async function watch(transport: Transport, job: JobReference, options: WaitOptions): Promise<Job> {
  const { timeoutMs } = options;
  const limit = new AbortController();
  const signals = [limit.signal, ...(options.signal === undefined ? [] : [options.signal])];
  const signal = AbortSignal.any(signals);
  const timer =
    timeoutMs === undefined ? undefined : setTimeout(() => limit.abort(tooLate(job, timeoutMs)), timeoutMs);
  try {
    return (
      (await byEvents(transport, job, { ...options, signal })) ??
      (await byAsking(transport, job, { ...options, signal }))
    );
  } finally {
    clearTimeout(timer);
  }
}

type Watching = WaitOptions & { readonly signal: AbortSignal };

/** `undefined` when events do not come through here. */
async function byEvents(
  transport: Transport,
  job: JobReference,
  options: Watching,
): Promise<Job | undefined> {
  let last: string | undefined;
  for (let mute = 0; mute < mostMute; ) {
    const silence = new AbortController();
    const stream = await open(transport, job, last, AbortSignal.any([options.signal, silence.signal]));
    if (stream === undefined) return undefined;
    let told = false;
    try {
      for await (const { event, id, data } of eventsOf(stream, () => silence.abort())) {
        told = true;
        last = id ?? last;
        const end = tell(event, data, options);
        if (end !== undefined) return end;
      }
    } catch (error) {
      options.signal.throwIfAborted();
      if (error instanceof ClientError) throw error;
      // It broke off, or fell silent; another goes on after the last event.
    }
    mute = told ? 0 : mute + 1;
    await pause(poll.firstMs, options.signal);
  }
  return undefined;
}

async function open(
  transport: Transport,
  { queue, id }: JobReference,
  last: string | undefined,
  signal: AbortSignal,
): Promise<ReadableStream<Uint8Array<ArrayBuffer>> | undefined> {
  const path = `/jobs/${encodeURIComponent(queue)}/${encodeURIComponent(id)}/events`;
  const headers = { Accept: 'text/event-stream', ...(last === undefined ? {} : { 'Last-Event-ID': last }) };
  try {
    const { body, headers: answered } = await transport.open({ method: 'GET', path, headers, signal });
    const streams = answered.get('Content-Type')?.startsWith('text/event-stream') === true;
    return streams ? (body ?? undefined) : undefined;
  } catch (error) {
    // Too many streams are open, or something on the way refuses them; jobs can still be asked for.
    const refused = error instanceof RefusedError && error.status === 429;
    if (refused || (error instanceof UnansweredError && error.code === 'UNREADABLE')) return undefined;
    throw error;
  }
}

interface Told {
  readonly event: string | undefined;
  readonly id: string | undefined;
  readonly data: unknown;
}

/** Reads events until the stream ends; calls `onSilence` when nothing, no heartbeat either, came for too long. */
async function* eventsOf(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  onSilence: () => void,
): AsyncGenerator<Told> {
  let timer = setTimeout(onSilence, silenceMs);
  const heard = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(chunk, controller) {
      clearTimeout(timer);
      timer = setTimeout(onSilence, silenceMs);
      controller.enqueue(chunk);
    },
  });
  const reader = stream
    .pipeThrough(heard)
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream())
    .getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield { event: value.event, id: value.id, data: JSON.parse(value.data) };
    }
  } finally {
    clearTimeout(timer);
    // Whoever has heard enough hangs up; that the other side did before is no fault.
    await reader.cancel().catch(() => undefined);
  }
}

/** Tells the caller of an event; gives the job when it is the last. */
function tell(
  event: string | undefined,
  data: unknown,
  { onProgress, onState, onLog }: WaitOptions,
): Job | undefined {
  if (event === 'progress' && isProgress(data)) onProgress?.(data);
  if (!isFields(data)) return undefined;
  if (event === 'state' && isState(data.state)) onState?.(data.state);
  if (event === 'log' && typeof data.line === 'string') onLog?.(data.line);
  if (event !== 'end') return undefined;
  if (isJob(data.job)) return data.job;
  throw new ClientError('JOB_NOT_FOUND', 'The queue has forgotten the job, and how it ended.');
}

async function byAsking(transport: Transport, { queue, id }: JobReference, options: Watching): Promise<Job> {
  const path = `/jobs/${encodeURIComponent(queue)}/${encodeURIComponent(id)}`;
  let lines = 0;
  let state: string | undefined;
  let progress: string | undefined;
  for (let ms: number = poll.firstMs; ; ms = Math.min(ms * 1.5, poll.mostMs)) {
    const { data } = await transport.call({ method: 'GET', path, signal: options.signal });
    const { job } = data;
    if (!isJob(job))
      throw new UnansweredError('UNREADABLE', 'The platform answered something that is no job.');
    for (const line of job.logs.slice(lines)) options.onLog?.(line);
    lines = job.logs.length;
    if (job.state !== state) options.onState?.(job.state);
    const now = JSON.stringify(job.progress);
    if (now !== progress && progress !== undefined) options.onProgress?.(job.progress);
    state = job.state;
    progress = now;
    if (hasEnded(job)) return job;
    await pause(ms, options.signal);
  }
}

function hasEnded({ state }: Pick<Job, 'state'>): boolean {
  return state === 'completed' || state === 'failed' || state === 'cancelled';
}

function tooLate({ queue, id }: JobReference, ms: number): WaitTimeoutError {
  return new WaitTimeoutError(
    'WAIT_TIMEOUT',
    `Job ${queue}/${id} has not ended within ${ms} ms. It goes on.`,
  );
}
