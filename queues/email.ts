import { z } from 'zod';
import { defineJob, defineQueue, envelope, refersTo, sensitive } from './define.ts';
import { count, deadline, email, id, isoDate, line, money, webUrl } from './fields.ts';

/** What became of one mail. `suppressed` is no failure: the person asked for no mail, or the address bounces. */
const mailResult = z.strictObject({
  status: z.enum(['sent', 'already-sent', 'suppressed']),
  provider: z.string(),
  /** The provider's own id; for the outbox the file's name. */
  messageId: z.string().optional(),
  reason: z.string().optional(),
});

const fanOutResult = z.strictObject({ considered: count, added: count, skipped: count });

const cerOutcome = z.enum(['completed', 'failed']);

const recipient = { userId: id, email: sensitive(email) };

const opportunity = z.strictObject({
  noticeId: id,
  title: line(500),
  agency: line(300),
  deadline,
  url: webUrl,
});

const fanOut = { timeoutMs: 30 * 60_000 };

export const emailQueue = defineQueue({
  name: 'email',
  summary: 'Transactional mail, and webhooks',
  // Its jobs wait for the provider's answer and do little else.
  defaults: { concurrency: 50 },
  jobs: {
    'send-welcome': defineJob({
      summary: 'Greets a new user and links to the app',
      payload: envelope('welcome', {
        ...recipient,
        name: sensitive(line(120)),
        company: sensitive(line(200)).optional(),
      }),
      result: mailResult,
      defaults: { timeoutMs: 60_000 },
    }),
    'send-reminder': defineJob({
      summary: 'Lists the saved opportunities that close soon, soonest first',
      payload: envelope('opportunity-reminder', {
        ...recipient,
        opportunities: z.array(opportunity).min(1).max(200),
      }),
      result: mailResult,
      defaults: { timeoutMs: 60_000 },
    }),
    'send-proposal-notification': defineJob({
      summary: 'Tells a user what happened to a proposal',
      payload: envelope('proposal-notification', {
        ...recipient,
        proposal: z.strictObject({ id, title: line(500), status: line(60) }),
        event: z.enum(['submitted', 'status-changed', 'comment', 'awarded', 'rejected']),
        actor: sensitive(line(120)).optional(),
        comment: sensitive(z.string().max(5_000)).optional(),
      }),
      result: mailResult,
      defaults: { timeoutMs: 60_000 },
    }),
    'send-weekly-summary': defineJob({
      summary: 'Sums up a user’s week',
      payload: envelope('weekly-summary', {
        ...recipient,
        weekStart: isoDate,
        totals: z.strictObject({
          newOpportunities: count,
          closingSoon: count,
          proposalsSubmitted: count,
          awarded: money.optional(),
        }),
        topOpportunities: z.array(opportunity).max(50),
        deadlines: z.array(z.strictObject({ title: line(500), deadline })).max(100),
      }),
      result: mailResult,
      defaults: { timeoutMs: 60_000 },
    }),
    'send-document': defineJob({
      summary: 'Sends a link to a finished document, or the document itself when small and asked for',
      payload: envelope('document-ready', {
        ...recipient,
        documentId: refersTo('document', id),
        title: line(300),
        attach: z.boolean().default(false),
      }),
      result: mailResult,
      defaults: { timeoutMs: 120_000 },
    }),
    'send-cer-notification': defineJob({
      summary: 'Tells by mail that a clinical evaluation report is ready, or that it failed',
      payload: envelope('cer-notification', { reportId: refersTo('cer-report', id), outcome: cerOutcome }),
      result: mailResult,
      defaults: { timeoutMs: 60_000 },
    }),
    'send-cer-webhook': defineJob({
      summary: 'Tells the server of whoever asked for a clinical evaluation report the same, signed',
      payload: envelope('cer-webhook', { reportId: refersTo('cer-report', id), outcome: cerOutcome }),
      result: z.strictObject({
        status: z.enum(['delivered', 'superseded']),
        httpStatus: z.int().optional(),
      }),
      // 10 s, 20 s, 40 s ...: a receiver may be away for an hour and a quarter.
      defaults: { timeoutMs: 30_000, attempts: 9, backoffMs: 10_000 },
    }),
    'dispatch-reminders': defineJob({
      summary: 'Adds one reminder for each user whose saved opportunities close soon',
      payload: envelope('dispatch-reminders', {
        date: isoDate.optional(),
        withinDays: z.int().min(1).max(90).default(7),
      }),
      result: fanOutResult,
      defaults: fanOut,
    }),
    'dispatch-weekly-summaries': defineJob({
      summary: 'Adds one weekly summary for each user who wants it',
      payload: envelope('dispatch-weekly-summaries', { weekStart: isoDate.optional() }),
      result: fanOutResult,
      defaults: fanOut,
    }),
  },
});
