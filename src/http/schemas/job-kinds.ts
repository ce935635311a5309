import { z } from 'zod';
import { queues } from '../../../queues/index.ts';
import type { OperationKind } from '../route.ts';
import { requestOptions } from './jobs.ts';

/** Every job of the registry as an operation of its own, so that a reader sees what it takes. */
export function jobKinds(): OperationKind[] {
  return Object.values(queues).flatMap(({ name: queue, jobs }) =>
    Object.entries(jobs).map(([job, { summary, payload, result }]) => {
      const taken = payload.meta({ id: `${nameOf(queue, job)}Payload`, description: summary });
      return {
        params: { queue, job },
        tag: headingOf(queue),
        summary,
        description: `Adds ${queue}/${job}. Answers when the queue has the job. The same idempotency key again, by header or option, is the same job for as long as the queue keeps it, and is answered with 200.`,
        body: z.strictObject({ payload: taken, options: requestOptions.optional() }),
        result,
      };
    }),
  );
}

/** The headings of the jobs, with what their queues are for. */
export const jobHeadings: Readonly<Record<string, string>> = Object.fromEntries(
  Object.values(queues).map(({ name, summary }) => [headingOf(name), sentence(summary)]),
);

function headingOf(queue: string): string {
  return `Jobs of ${queue}`;
}

/** `email`, `send-welcome`: `EmailSendWelcome`. */
function nameOf(queue: string, job: string): string {
  return `${queue}-${job}`.replaceAll(/(^|-)([a-z0-9])/g, (_match, _hyphen, letter: string) =>
    letter.toUpperCase(),
  );
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith('.') ? '' : '.'}`;
}
