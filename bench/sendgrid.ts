import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { z } from 'zod';

const taken = z.object({
  /** From the first mail to the last answer. */
  ms: z.number(),
  mails: z.number(),
  /** Jobs that the mails were of. */
  distinct: z.number(),
  mostOpen: z.number(),
  /** Mails that came within one second, at most. */
  busiestSecond: z.number(),
});
const said = z.discriminatedUnion('event', [
  z.object({ event: z.literal('ready'), port: z.number() }),
  z.object({ event: z.literal('first') }),
  taken.extend({ event: z.literal('last') }),
  taken.extend({ event: z.literal('told') }),
]);
type Taken = z.infer<typeof taken>;

/** A SendGrid in a process of its own. */
export interface BenchSendGrid {
  readonly baseUrl: string;
  readonly pid: number;
  /** Resolves with the first mail. */
  readonly first: Promise<void>;
  /** Resolves when the last of the mails has been answered. @throws Error when a job's mail came twice. */
  last(): Promise<Taken>;
  /** What has come so far. */
  told(): Promise<Taken>;
  stop(): void;
}

/** @param answerMs after which it takes each mail. @param mails that are expected. */
export async function startSendGrid(answerMs: number, mails: number): Promise<BenchSendGrid> {
  const child = fork(join(import.meta.dirname, 'sendgrid-process.ts'), [String(answerMs), String(mails)]);
  const hear = async (event: z.infer<typeof said>['event']) => {
    for (;;) {
      const [message]: unknown[] = await once(child, 'message');
      const read = said.parse(message);
      if (read.event === event) return read;
    }
  };
  const ready = await hear('ready');
  const last = hear('last');
  if (ready.event !== 'ready') throw new Error('SendGrid has no port.');
  return {
    baseUrl: `http://127.0.0.1:${ready.port}`,
    pid: child.pid ?? 0,
    first: hear('first').then(() => undefined),
    async last() {
      const end = await last;
      if (end.event !== 'last' || end.mails !== mails) throw new Error('Not each mail came once.');
      return end;
    },
    async told() {
      const heard = hear('told');
      child.send('tell');
      const told = await heard;
      if (told.event !== 'told') throw new Error('SendGrid told something else.');
      return told;
    },
    stop: () => child.disconnect(),
  };
}

/** What a worker process is told so that it sends its mails there. */
export function sendsTo(baseUrl: string): Readonly<Record<string, string>> {
  return {
    EMAIL_PROVIDER: 'sendgrid',
    SENDGRID_API_KEY: 'SG.bench',
    SENDGRID_BASE_URL: baseUrl,
    EMAIL_FROM: 'bench@example.org',
  };
}
