import { z } from 'zod';
import { MillraceError } from '../errors/catalogue.ts';
import type { IndexedJob, JobFilter, JobHistory, JobIndex } from '../integrations/database/port.ts';

export interface JobPage {
  readonly jobs: readonly IndexedJob[];
  /** Where the list goes on; `undefined` at its end. */
  readonly next: string | undefined;
}

/** What people look for: filters that all have to fit, and words of payload and failure that all have to be there. */
export interface JobQuestion extends Omit<JobFilter, 'words' | 'before'> {
  /** `invoice acm*`: a word, or with `*` at its end all that begin so. */
  readonly q?: string | undefined;
  /** The `next` of the page before. */
  readonly cursor?: string | undefined;
}

/** What is written so soon is no news. */
const usualMs = 15_000;
const mostWords = 10;
/** Shorter beginnings fit so many words that the answer would take seconds. */
const leastPrefix = 3;

/** Finds jobs in the index: those that wait and run, those that have ended, and those that their queue has forgotten. */
export class JobSearch {
  readonly #index: JobIndex | undefined;

  /** `index` is absent where JOB_INDEX is off. */
  constructor(index: JobIndex | undefined) {
    this.#index = index;
  }

  /** Whether there is anything to search in. */
  get on(): boolean {
    return this.#index !== undefined;
  }

  /**
   * The newest first, at most `limit` of them.
   * @throws MillraceError JOB_INDEX_OFF; INVALID_REQUEST for words or a cursor that cannot be read.
   */
  async page({ q, cursor, ...filter }: JobQuestion, limit: number): Promise<JobPage> {
    const words = q === undefined ? undefined : wordsOf(q);
    const before = cursor === undefined ? undefined : readCursor(cursor);
    const found = await this.#opened().search({ ...filter, words, before }, limit + 1);
    const jobs = found.slice(0, limit);
    const last = jobs.at(-1);
    return { jobs, next: found.length > limit && last !== undefined ? cursorOf(last) : undefined };
  }

  /** What is kept of the latest job of an id; `undefined` when it is not known, or nothing is kept of jobs. */
  async find(queue: string, id: string): Promise<JobHistory | undefined> {
    return this.#index?.find(queue, id);
  }

  /** Since when jobs are waiting to be written in busy times, so that some of them cannot be found yet. */
  async behindSince(now: Date): Promise<Date | undefined> {
    const since = await this.#index?.unwrittenSince();
    return since !== undefined && now.getTime() - since.getTime() > usualMs ? since : undefined;
  }

  #opened(): JobIndex {
    if (this.#index !== undefined) return this.#index;
    throw new MillraceError(
      'JOB_INDEX_OFF',
      'Jobs cannot be searched here: set JOB_INDEX to on, and start again.',
    );
  }
}

/** A query for the database, of words alone: whatever else there is in it divides them, as in what is searched. */
function wordsOf(q: string): string {
  const words = q.toLowerCase().match(/[\p{L}\p{N}\p{M}]+\*?/gu) ?? [];
  if (words.length === 0) throw wrong('holds no word');
  if (words.length > mostWords)
    throw wrong(`may hold ${mostWords} words, each a letter or digit and more of them`);
  return words.map((word) => (word.endsWith('*') ? prefixOf(word.slice(0, -1)) : word)).join(' & ');
}

function prefixOf(beginning: string): string {
  if ([...beginning].length >= leastPrefix) return `${beginning}:*`;
  throw wrong(`needs ${leastPrefix} letters or more before a *`);
}

function wrong(message: string): MillraceError {
  const fault = { path: 'q', message };
  return new MillraceError('INVALID_REQUEST', `The query is invalid. q ${message}.`, { details: [fault] });
}

const cursorPattern = /^(\d{1,15})\.(\d{1,19})$/;
/** A place in the list of jobs, as a query holds it. */
export const jobCursor = z.string().regex(cursorPattern, 'must be the nextCursor of the page before');

function cursorOf({ addedAt, seq }: IndexedJob): string {
  return `${addedAt.getTime()}.${seq}`;
}

function readCursor(cursor: string): JobFilter['before'] {
  const [, at = '', seq = ''] = cursorPattern.exec(cursor) ?? [];
  const addedAt = new Date(Number(at));
  if (seq !== '' && !Number.isNaN(addedAt.getTime())) return { addedAt, seq };
  const fault = { path: 'cursor', message: 'must be the nextCursor of the page before' };
  throw new MillraceError('INVALID_REQUEST', `The query is invalid. cursor ${fault.message}.`, {
    details: [fault],
  });
}
