import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { schedules } from '../../config/schedules.ts';
import { processors } from '../../processors/index.ts';
import { pending } from '../../processors/pending.ts';
import { defineJob, defineQueue, envelope } from '../../queues/define.ts';
import { isQueueName, type QueueDefinition, queueNames, queues } from '../../queues/index.ts';

const all: QueueDefinition[] = Object.values(queues);
const jobs = all.flatMap((queue) =>
  Object.entries(queue.jobs).map(([name, job]) => ({ id: `${queue.name}/${name}`, job })),
);

describe('the definitions', () => {
  test('stand in the registry under their own names', () => {
    expect(queueNames).toEqual(['email', 'document', 'sync', 'story-enhancement']);
    for (const [name, queue] of Object.entries(queues)) expect(queue.name).toBe(name);
    expect(isQueueName('email')).toBe(true);
    for (const name of ['emial', '', 'constructor', '__proto__', 'toString'])
      expect(isQueueName(name)).toBe(false);
  });

  test('are the jobs of the specification, and those that tell how a clinical report ended', () => {
    expect(jobs.map(({ id }) => id)).toEqual([
      'email/send-welcome',
      'email/send-reminder',
      'email/send-proposal-notification',
      'email/send-weekly-summary',
      'email/send-document',
      'email/send-cer-notification',
      'email/send-cer-webhook',
      'email/dispatch-reminders',
      'email/dispatch-weekly-summaries',
      'document/generate-report',
      'document/export-data',
      'document/process-attachment',
      'document/generate-compliance-matrix',
      'document/render-cer',
      'document/convert-pdf',
      'document/dispatch-weekly-reports',
      'sync/sam-gov-sync',
      'sync/refresh-analytics',
      'sync/cleanup-data',
      'story-enhancement/enhance-story',
    ]);
  });

  test.each(jobs)('$id takes an envelope and refuses what is not listed', ({ job }) => {
    const strange = job.payload.safeParse({ type: 'strange', data: {}, extra: 1 });
    expect(strange.success).toBe(false);
    const schema = z.toJSONSchema(job.payload, { io: 'input' });
    const variants = schema.anyOf ?? schema.oneOf ?? [schema];
    for (const variant of variants) {
      expect(variant).toMatchObject({ additionalProperties: false, required: ['type', 'data'] });
      expect(Object(variant).properties.data).toMatchObject({ type: 'object', additionalProperties: false });
      expect(typeof Object(variant).properties.type.const).toBe('string');
    }
  });

  test('say of each field that names a thing of somebody’s which kind it is', () => {
    const owned = /^(document|story|report|conversion|attachment)Ids?$/;
    const named = jobs.flatMap(({ id, job }) => {
      const found: string[] = [];
      JSON.stringify(z.toJSONSchema(job.payload, { io: 'input' }), (key, value: unknown) => {
        if (owned.test(key) && !JSON.stringify(value).includes('"refersTo":')) found.push(`${id} ${key}`);
        return value;
      });
      return found;
    });
    expect(named).toEqual([]);
  });

  test('keep what the seeds say of story enhancement', () => {
    expect(queues['story-enhancement'].defaults).toMatchObject({
      concurrency: 5,
      keepCompleted: { count: 100 },
      keepFailed: { count: 50 },
    });
    expect(queues['story-enhancement'].jobs['enhance-story'].defaults).toMatchObject({
      attempts: 3,
      backoffMs: 2_000,
    });
  });

  test('have a processor, or stand among the pending, never both', () => {
    const done = Object.entries(processors).flatMap(([queue, own]) =>
      Object.keys(own).map((name) => `${queue}/${name}`),
    );
    const waiting = Object.entries(pending).flatMap(([queue, names]) =>
      names.map((name) => `${queue}/${name}`),
    );
    expect([...done, ...waiting].sort()).toEqual(jobs.map(({ id }) => id).sort());
  });

  test('fit the payloads of the cron table', () => {
    for (const { queue, job, payload } of schedules) {
      const definition = Object.entries(queues[queue].jobs).find(([name]) => name === job)?.[1];
      expect(definition?.payload.safeParse(payload).success, `${queue}/${job}`).toBe(true);
    }
  });
});

describe('defining', () => {
  const job = defineJob({ summary: 'Does', payload: envelope('do', {}), result: z.null() });

  test('refuses at once a name that would not fit into keys, addresses and labels', () => {
    for (const name of ['', 'Email', 'a:b', 'a b', '-a', 'a-', 'a--b', '1a']) {
      expect(() => defineQueue({ name, summary: 'x', jobs: {} })).toThrow('is no name');
      expect(() => defineQueue({ name: 'fine', summary: 'x', jobs: { [name]: job } })).toThrow('is no name');
    }
  });

  test('refuses a job without a summary', () => {
    expect(() => defineJob({ summary: ' ', payload: z.any(), result: z.any() })).toThrow('summary');
  });

  test('fills in the platform’s defaults', () => {
    const queue = defineQueue({
      name: 'fine',
      summary: 'x',
      defaults: { concurrency: 9 },
      jobs: { do: job },
    });
    expect(queue.defaults).toMatchObject({ concurrency: 9, timeoutMs: 300_000, maxStalls: 5 });
  });
});
