import type { z } from 'zod';
import type { Result } from '../../queues/index.ts';
import type { Client, CompletedJob, Job, Queue } from '../../src/client/index.ts';
import type { JobOptions } from '../../src/client/types.ts';
import type { Wire } from '../../src/client/wire.ts';
import type { job as jobSchema, requestOptions } from '../../src/http/schemas/jobs.ts';
import type { queue as queueSchema } from '../../src/http/schemas/queues.ts';

/** What must compile of the client and what must not, and that its types are those of the API's schemas. */
declare const client: Client;

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const holds = <_T extends true>(): void => undefined;

type Plain<T> = { [K in keyof T]: T[K] };
type Fits<A, B> = A extends B ? true : false;

holds<Fits<Wire<z.output<typeof jobSchema>>, Job>>();
holds<Fits<Wire<z.output<typeof queueSchema>>, Queue>>();
holds<Fits<Plain<JobOptions>, Wire<z.input<typeof requestOptions>>>>();

const reader = { userId: 'user-1', email: 'ada@example.com' };

export async function adding(): Promise<void> {
  const job = await client.addJob('email', 'send-welcome', {
    type: 'welcome',
    data: { ...reader, name: 'Ada' },
  });
  const done = await client.waitFor(job);
  holds<Equal<typeof done, CompletedJob<Result<'email', 'send-welcome'>>>>();

  const unknown = await client.waitFor({ queue: 'email', id: 'x' });
  holds<Equal<typeof unknown.result, unknown>>();

  // @ts-expect-error there is no such queue
  void client.addJob('emial', 'send-welcome', { type: 'welcome', data: { ...reader, name: 'Ada' } });

  // @ts-expect-error the job is another queue's
  void client.addJob('email', 'generate-report', { type: 'welcome', data: { ...reader, name: 'Ada' } });

  // @ts-expect-error a field is missing
  void client.addJob('email', 'send-welcome', { type: 'welcome', data: { ...reader } });

  // @ts-expect-error a field is not listed
  void client.addJob('email', 'send-welcome', { type: 'welcome', data: { ...reader, name: 'A', age: 7 } });

  void client.addJobs('email', 'send-welcome', [
    // @ts-expect-error the type is another job's
    { payload: { type: 'document-ready', data: { ...reader, name: 'Ada' } } },
  ]);
}
