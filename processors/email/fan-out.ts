import { type ParsedPayload, queues, type Result } from '../../queues/index.ts';
import type { ClosingOpportunity, MailingUser } from '../../src/integrations/database/port.ts';
import type { FollowUp, JobContext } from '../../src/worker/context.ts';
import { webLink } from './templates/html.ts';
import { shorten } from './templates/text.ts';

/**
 * One mail job for each user of a list of any length. A page of users is in memory at a time. Each job's id and key
 * follow from the fan-out and the user, so a fan-out that was killed and runs again adds only what is missing: the
 * queue knows the ids of jobs that it still keeps, the ledger the mails of those that it has forgotten.
 */
export interface FanOut<U extends MailingUser> {
  /** How many users there are, for the progress. */
  readonly audience: number;
  /** The next users in the order of their ids. */
  next(after: string): Promise<readonly U[]>;
  /** The user's mail; `undefined` when there is nothing to say. */
  jobFor(user: U): FollowUp<'email'> | undefined;
}

export const pageSize = 500;

type FanOutContext = Pick<
  JobContext<'email', 'dispatch-reminders', unknown>,
  'addJobs' | 'log' | 'progress' | 'signal'
>;

export async function fanOut<U extends MailingUser>(
  { addJobs, log, progress, signal }: FanOutContext,
  { audience, next, jobFor }: FanOut<U>,
): Promise<Result<'email', 'dispatch-reminders'>> {
  let considered = 0;
  let added = 0;
  for (let after = ''; ; ) {
    signal.throwIfAborted();
    const users = await next(after);
    const last = users.at(-1);
    if (last === undefined) break;
    const jobs = users
      .filter(({ mailed }) => !mailed)
      .flatMap((user) => {
        const job = jobFor(user);
        if (job === undefined) return [];
        if (isValid(job)) return [job];
        log.warn({ userId: user.userId }, 'This user gets no mail: the address or id is not valid.');
        return [];
      });
    if (jobs.length > 0) added += (await addJobs('email', jobs)).filter(({ created }) => created).length;
    considered += users.length;
    after = last.userId;
    progress(Math.min(99, Math.floor((considered / Math.max(audience, 1)) * 100)), `${considered} users`);
  }
  progress(100, `${considered} users`);
  return { considered, added, skipped: considered - added };
}

/** One user that the platform's schemas refuse must not keep the others of the page from their mail. */
function isValid({ name, payload }: FollowUp<'email'>): boolean {
  return queues.email.jobs[name].payload.safeParse(payload).success;
}

type Listed = ParsedPayload<'email', 'send-reminder'>['data']['opportunities'][number];

const longestTitle = 300;
const idPattern = /^[A-Za-z0-9][A-Za-z0-9._~-]{0,127}$/;

/** Opportunities as payloads take them; one whose id no payload takes is left out. */
export function listed(opportunities: readonly ClosingOpportunity[]): Listed[] {
  return opportunities.flatMap(({ noticeId, title, agency, deadline, url }) => {
    if (!idPattern.test(noticeId)) return [];
    const link = webLink(url ?? '');
    return [
      {
        noticeId,
        title: shorten(title, longestTitle) || noticeId,
        agency: shorten(agency ?? '', 200) || 'Agency not named',
        deadline,
        url: link !== undefined && link.length <= 2_000 ? link : `https://sam.gov/opp/${noticeId}/view`,
      },
    ];
  });
}

/** Titles with deadlines, likewise. */
export function listedDeadlines(items: readonly { readonly title: string; readonly deadline: string }[]) {
  return items.map(({ title, deadline }) => ({
    title: shorten(title, longestTitle) || 'No title',
    deadline,
  }));
}
