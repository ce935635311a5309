import { defineProcessor, type PendingJobs, type Processors } from '../../processors/define.ts';
import { processors } from '../../processors/index.ts';
import type { JobName, ParsedPayload, Payload, Result } from '../../queues/index.ts';
import type { QueueManager } from '../../src/queue/queue-manager.ts';

/**
 * What must compile and what must not. Nothing here runs: `npm run check:types` reads it, and an expected error that
 * does not come is an error itself.
 */
declare const queues: QueueManager;

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const holds = <_T extends true>(): void => undefined;

const reader = { userId: 'user-1', email: 'ada@example.com' };

export function adding(): void {
  void queues.addJob('email', 'send-welcome', { type: 'welcome', data: { ...reader, name: 'Ada' } });

  // @ts-expect-error there is no such queue
  void queues.addJob('emial', 'send-welcome', { type: 'welcome', data: { ...reader, name: 'Ada' } });

  // @ts-expect-error the queue has no such job
  void queues.addJob('email', 'send-nothing', { type: 'welcome', data: { ...reader, name: 'Ada' } });

  // @ts-expect-error the job is another queue's
  void queues.addJob('email', 'generate-report', { type: 'welcome', data: { ...reader, name: 'Ada' } });

  // @ts-expect-error the type is another job's
  void queues.addJob('email', 'send-welcome', { type: 'document-ready', data: { ...reader, name: 'Ada' } });

  // @ts-expect-error a field is missing
  void queues.addJob('email', 'send-welcome', { type: 'welcome', data: { ...reader } });

  // @ts-expect-error a field has the wrong type
  void queues.addJob('email', 'send-welcome', { type: 'welcome', data: { ...reader, name: 7 } });

  // @ts-expect-error a field is not listed
  void queues.addJob('email', 'send-welcome', { type: 'welcome', data: { ...reader, name: 'A', age: 7 } });

  // @ts-expect-error the payload is no envelope
  void queues.addJob('email', 'send-welcome', { ...reader, name: 'Ada' });

  void queues.addJob('document', 'generate-report', {
    type: 'generate-report',
    // @ts-expect-error one of a few words is another word
    data: { userId: 'user-1', reportType: 'horoscope', format: 'pdf' },
  });

  void queues.addJob('sync', 'sam-gov-sync', {
    type: 'sam-gov-opportunities',
    // @ts-expect-error the field belongs to the other type of this job
    data: { fullSync: true, ueis: ['ABCDEFGHJKL1'] },
  });

  // @ts-expect-error there is no such option
  void queues.addJob('sync', 'cleanup-data', { type: 'cleanup-data', data: {} }, { repeat: true });

  // @ts-expect-error an option has the wrong type
  void queues.addJob('sync', 'cleanup-data', { type: 'cleanup-data', data: {} }, { delay: '1 s' });
}

export function addingMany(): void {
  void queues.addJobs('email', [
    { name: 'send-welcome', payload: { type: 'welcome', data: { ...reader, name: 'Ada' } } },
    { name: 'dispatch-reminders', payload: { type: 'dispatch-reminders', data: {} } },
  ]);

  void queues.addJobs('email', [
    // @ts-expect-error the payload belongs to another job of the list's queue
    { name: 'send-welcome', payload: { type: 'dispatch-reminders', data: {} } },
  ]);

  void queues.addJobs('email', [
    // @ts-expect-error the job is another queue's
    { name: 'cleanup-data', payload: { type: 'cleanup-data', data: {} } },
  ]);
}

export function inferring(): void {
  holds<Equal<JobName<'story-enhancement'>, 'enhance-story'>>();
  holds<Equal<Payload<'story-enhancement', 'enhance-story'>['data'], { storyId: string }>>();
  // What has a default may be left out by who adds, and is there for who processes.
  holds<
    Equal<
      Payload<'email', 'dispatch-reminders'>['data'],
      { date?: string | undefined; withinDays?: number | undefined }
    >
  >();
  holds<
    Equal<
      ParsedPayload<'email', 'dispatch-reminders'>['data'],
      { date?: string | undefined; withinDays: number }
    >
  >();
  holds<
    Equal<Result<'email', 'dispatch-reminders'>, { considered: number; added: number; skipped: number }>
  >();
}

export function processing(): void {
  defineProcessor('email', 'send-welcome', ['mail'], async ({ data, type, services }) => {
    holds<Equal<typeof data.name, string>>();
    holds<Equal<typeof type, 'welcome'>>();
    return { status: 'sent', provider: services.mail.name };
  });

  defineProcessor('email', 'send-welcome', [], async () => ({ status: 'sent', provider: 'x' }));

  // @ts-expect-error the result is not what the job promises
  defineProcessor('email', 'send-welcome', [], async () => ({ status: 'perhaps', provider: 'x' }));

  // @ts-expect-error the result lacks a field
  defineProcessor('email', 'send-welcome', [], async () => ({ status: 'sent' }));

  defineProcessor('email', 'dispatch-reminders', [], async () => ({ considered: 1, added: 0, skipped: 0 }));

  // @ts-expect-error the result has another type
  defineProcessor('email', 'dispatch-reminders', [], async () => ({ considered: '1', added: 0, skipped: 0 }));

  // @ts-expect-error there is no such job
  defineProcessor('email', 'send-nothing', [], async () => undefined);

  // @ts-expect-error there is no such service
  defineProcessor('email', 'send-welcome', ['post'], async () => ({ status: 'sent', provider: 'x' }));

  defineProcessor('email', 'send-welcome', ['mail'], async ({ services }) => {
    // @ts-expect-error a service that was not asked for is not there
    void services.database;
    return { status: 'sent', provider: 'x' };
  });

  defineProcessor('email', 'send-welcome', [], async ({ addJob, data }) => {
    await addJob('document', 'render-cer', {
      type: 'clinical-evaluation-report',
      // @ts-expect-error a further job's payload is checked as well
      data: { story: data.userId },
    });
    return { status: 'sent', provider: 'x' };
  });
}

export function registering(): readonly Processors[] {
  const { 'send-welcome': _left, ...withoutWelcome } = processors.email;
  const { email: _gone, ...withoutEmail } = processors;

  // @ts-expect-error a job is missing
  const missing: Processors = { ...processors, email: withoutWelcome };

  // @ts-expect-error a queue is missing
  const smaller: Processors = { ...withoutEmail };

  const extra: Processors = {
    ...processors,
    // @ts-expect-error nobody defined this job
    sync: { ...processors.sync, 'sync-nothing': processors.sync['sam-gov-sync'] },
  };

  const early: Processors = {
    ...processors,
    // @ts-expect-error the job still stands among the pending
    sync: { ...processors.sync, 'cleanup-data': processors.sync['sam-gov-sync'] },
  };

  const crossed: Processors = {
    ...processors,
    // @ts-expect-error the processor is another job's
    'story-enhancement': { 'enhance-story': processors.email['send-welcome'] },
  };

  return [missing, smaller, extra, early, crossed];
}

// @ts-expect-error only jobs that are defined can be pending
export const unknownPending: PendingJobs = { email: ['send-nothing'] };
