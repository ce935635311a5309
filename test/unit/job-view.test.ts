import { describe, expect, test } from 'vitest';
import { viewJob } from '../../src/queue/job-view.ts';

const envelope = {
  type: 'welcome',
  data: { userId: 'user-1' },
  meta: { key: 'key-1', correlationId: 'request-7', nonce: 'n' },
};

/** A job as BullMQ gives it, with what a test sets. */
function stored(fields: object = {}) {
  return {
    id: '17',
    name: 'send-welcome',
    data: envelope,
    opts: { attempts: 3 },
    progress: 0,
    attemptsMade: 1,
    returnvalue: null,
    failedReason: '',
    timestamp: 1_000,
    ...fields,
  };
}

const view = (state: string, fields?: object) => viewJob('email', state, stored(fields), []);

describe('the view of a job', () => {
  test('shows the payload as it was given, without what the platform keeps beside it', () => {
    expect(viewJob('email', 'waiting', stored(), ['line'])).toMatchObject({
      id: '17',
      queue: 'email',
      name: 'send-welcome',
      payload: { type: 'welcome', data: { userId: 'user-1' } },
      correlationId: 'request-7',
      attempts: { made: 1, max: 3 },
      createdAt: new Date(1_000),
      startedAt: undefined,
      finishedAt: undefined,
      logs: ['line'],
    });
    expect(JSON.stringify(view('waiting'))).not.toContain('nonce');
  });

  test.each([
    ['waiting', 'waiting'],
    ['wait', 'waiting'],
    ['prioritized', 'waiting'],
    ['waiting-children', 'waiting'],
    ['active', 'active'],
    ['delayed', 'delayed'],
    ['completed', 'completed'],
    ['failed', 'failed'],
    ['whatever', 'unknown'],
  ])('calls the state %s %s', (state, wanted) => {
    expect(view(state).state).toBe(wanted);
  });

  test('tells a job that was cancelled while it ran from one that failed', () => {
    expect(view('failed', { failedReason: '[JOB_CANCELLED] Cancelled by ops.' }).state).toBe('cancelled');
    expect(view('failed', { failedReason: 'No [JOB_CANCELLED] here.' }).state).toBe('failed');
    expect(view('delayed', { failedReason: '[JOB_CANCELLED] Before its retry.' }).state).toBe('delayed');
  });

  test('shows the result, and no failure of an earlier attempt, once completed', () => {
    const completed = view('completed', {
      returnvalue: { status: 'sent' },
      failedReason: 'first attempt',
      progress: { percent: 40 },
      processedOn: 2_000,
      finishedOn: 3_000,
    });
    expect(completed).toMatchObject({
      result: { status: 'sent' },
      failure: undefined,
      progress: { percent: 100 },
      startedAt: new Date(2_000),
      finishedAt: new Date(3_000),
    });
  });

  test('shows why a job failed', () => {
    expect(view('failed', { failedReason: '[UNKNOWN] no' })).toMatchObject({
      failure: '[UNKNOWN] no',
      result: undefined,
    });
  });

  test.each<[unknown, object]>([
    [40, { percent: 40 }],
    [
      { percent: 40, message: 'rows' },
      { percent: 40, message: 'rows' },
    ],
    [{ percent: 'x', message: 7 }, { percent: 0 }],
    [null, { percent: 0 }],
    ['half', { percent: 0 }],
  ])('reads progress %j', async (progress, wanted) => {
    expect(view('active', { progress }).progress).toEqual(wanted);
  });

  test('shows data that is not ours as it is', () => {
    const foreign = view('waiting', { data: { some: 'thing' }, opts: {} });
    expect(foreign).toMatchObject({
      payload: { some: 'thing' },
      correlationId: undefined,
      attempts: { max: 1 },
    });
  });
});
