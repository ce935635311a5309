import { type Fault, UnansweredError } from './errors.ts';
import type { Job, JobReference, JobState, Progress, Queue } from './types.ts';

/** Reads what the platform answers. It is trusted to say what its own document says; what is used is looked at. */

type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}

const states: ReadonlySet<unknown> = new Set<JobState>([
  'waiting',
  'active',
  'delayed',
  'completed',
  'failed',
  'cancelled',
  'unknown',
]);

export function isState(value: unknown): value is JobState {
  return states.has(value);
}

export function isProgress(value: unknown): value is Progress {
  return isFields(value) && typeof value.percent === 'number';
}

export function isJob(value: unknown): value is Job {
  return isAdded(value) && 'attempts' in value && 'progress' in value && 'logs' in value;
}

/** What the answer to an addition says of a job. */
export function isAdded(
  value: unknown,
): value is { readonly id: string; readonly queue: string; readonly name: string; readonly state: JobState } {
  return isNamed(value) && isState(value.state);
}

export function isNamed(value: unknown): value is Fields & { readonly id: string; readonly name: string } {
  return isFields(value) && typeof value.id === 'string' && typeof value.name === 'string';
}

export function isReference(value: unknown): value is JobReference {
  return isFields(value) && typeof value.queue === 'string' && typeof value.id === 'string';
}

export function isQueue(value: unknown): value is Queue {
  return isFields(value) && typeof value.name === 'string' && isFields(value.counts);
}

export function listOf<T>(value: unknown, is: (item: unknown) => item is T): value is readonly T[] {
  return Array.isArray(value) && value.every(is);
}

export function faultsOf(value: unknown): readonly Fault[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((fault) =>
    isFields(fault) && typeof fault.path === 'string' && typeof fault.message === 'string'
      ? [{ path: fault.path, message: fault.message }]
      : [],
  );
}

/** What is said of an answer that is not what was asked for. */
export function unreadable(wanted: string): UnansweredError {
  return new UnansweredError('UNREADABLE', `The platform answered something that is not ${wanted}.`);
}
