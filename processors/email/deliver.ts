import { setTimeout as pause } from 'node:timers/promises';
import type { Result } from '../../queues/index.ts';
import { MillraceError, RateLimitedError, UnrecoverableError } from '../../src/errors/catalogue.ts';
import { messageOf } from '../../src/errors/classify.ts';
import type { MailKind } from '../../src/integrations/database/port.ts';
import type { Mail } from '../../src/integrations/mail/port.ts';
import type { JobInfo, JobLog } from '../../src/worker/context.ts';
import type { Services } from '../define.ts';
import { awaitTurn, intervalOf } from './turn.ts';

/**
 * Sends one mail under the ledger, which has one row for each job and recipient:
 *
 *     claim (wanted? whose turn?) -> send -> settle
 *
 * What is promised: once `sent` stands in the ledger, no attempt and no replay sends again. `rejected` is an outcome
 * too, but nothing went out, so a replay after the cause was mended does send.
 *
 * What is not: a row that is still `claimed` says nothing about the mail. The worker may have died before the request,
 * after it, or between the provider's yes and our note of it; a request may have gone out and its answer been lost.
 * Providers offer no way to ask, and a lost reminder is worse than a second one, so such a mail is sent again: at
 * least once. In the outbox a mail replaces the file of its earlier attempt, so there it comes out as exactly once.
 *
 * One window is closed here: when the provider has accepted and the ledger cannot be written, we know that the mail is
 * out. The write is tried again for some seconds, also while the worker is stopping, and then the job fails for good
 * rather than send twice.
 */
export interface DeliveryContext {
  readonly job: Pick<JobInfo, 'key' | 'addedAt'>;
  readonly log: JobLog;
  readonly signal: AbortSignal;
  readonly services: Pick<Services, 'mail' | 'database' | 'events'>;
}

/** A mail before it has its job's key; with `preference`, it is only sent to people who want that kind. */
export interface MailContent extends Omit<Mail, 'jobKey'> {
  readonly preference?: { readonly userId: string; readonly kind: MailKind };
}

/** The result of every job that sends one mail. */
export type MailResult = Result<'email', 'send-reminder'>;

/** Pauses in ms before the ledger is tried again: together well within what is left of a job's timeout. */
const settlePauses: readonly number[] = [100, 400, 1_000, 2_000];

/**
 * How long a mail goes on being turned away before its attempts count. RFC 5321 (4.5.4.1) speaks of four days, after which
 * a reminder is of no use to anybody.
 */
const patienceMs = 6 * 3_600_000;

/**
 * @throws what the provider throws; UnrecoverableError when the mail is out and the ledger could not be told.
 */
export async function deliver(
  { job, log, signal, services }: DeliveryContext,
  { preference, ...content }: MailContent,
  pauses = settlePauses,
): Promise<MailResult> {
  const { mail: provider, database, events } = services;
  const ledger = database.deliveries;
  const row = { jobKey: job.key, recipient: content.to };

  const claim = await awaitTurn(
    ledger,
    {
      ...row,
      template: content.category,
      provider: provider.name,
      ...(provider.perSecond === undefined ? {} : { intervalUs: intervalOf(provider.perSecond) }),
      ...(preference === undefined ? {} : { preference }),
    },
    signal,
  );
  if (claim.outcome === 'settled') {
    if (claim.fresh) settled('suppressed');
    return { status: claim.status === 'sent' ? 'already-sent' : 'suppressed', ...summary(claim) };
  }
  if (claim.unclear) log.info({}, 'An earlier attempt noted no outcome: the mail is sent again.');

  const messageId = await send();
  await settleSent(messageId);
  settled('sent');
  return { status: 'sent', provider: provider.name, messageId };

  async function send(): Promise<string> {
    try {
      return (await provider.send({ ...content, jobKey: job.key }, signal)).messageId;
    } catch (error) {
      if (error instanceof MillraceError && error.code === 'MAIL_REJECTED') await settleRejected(error);
      if (error instanceof RateLimitedError) await pauseAll(error.retryAfterMs ?? 0);
      else if (error instanceof MillraceError && error.retryAfterMs !== undefined)
        throw await turnedAway(error);
      throw error;
    }
  }

  /** The provider took nothing and says to come back: for this mail alone, as a greylist does. */
  async function turnedAway(error: MillraceError): Promise<MillraceError> {
    try {
      await ledger.unclaim(row);
    } catch (failure) {
      log.warn({ reason: messageOf(failure) }, 'The ledger could not note that nothing was sent.');
    }
    const waitedMs = Date.now() - (job.addedAt?.getTime() ?? 0);
    return waitedMs < patienceMs ? error : new MillraceError(error.code, error.message);
  }

  /** The provider's wish to wait is meant for all who send to it, not only for the one who happened to ask. */
  async function pauseAll(ms: number): Promise<void> {
    try {
      log.warn({ provider: provider.name, ms }, 'The provider asks to wait: all mails to it do.');
      await Promise.all([ledger.pause(provider.name, ms), ledger.unclaim(row)]);
    } catch (error) {
      // This mail waits in any case; the others will be told by the provider.
      log.warn({ reason: messageOf(error) }, 'The pause could not be noted for the other mails.');
    }
  }

  async function settleRejected(rejection: MillraceError): Promise<void> {
    try {
      await ledger.settle({ ...row, status: 'rejected', reason: rejection.message });
      settled('rejected');
    } catch (error) {
      // The rejection is what matters to the reader; the row stays claimed, which also says that nothing was sent.
      log.warn({ reason: messageOf(error) }, 'The ledger could not note that the mail was rejected.');
    }
  }

  async function settleSent(id: string): Promise<void> {
    for (let tries = 0; ; tries += 1) {
      try {
        await ledger.settle({ ...row, status: 'sent', messageId: id });
        return;
      } catch (error) {
        const wait = pauses[tries];
        if (wait === undefined) {
          throw new UnrecoverableError(
            `${provider.name} accepted this mail as ${id}, but the ledger could not note it. Mend the database and set the mail's row in email_deliveries to sent before this job is replayed: a replay would send it again.`,
            { code: 'DATABASE_UNAVAILABLE', cause: error },
          );
        }
        log.warn({ messageId: id, reason: messageOf(error) }, 'The ledger is tried again.');
        // Not under the job's signal: stopping now would be what makes the mail go out twice.
        await pause(wait);
      }
    }
  }

  function settled(status: 'sent' | 'suppressed' | 'rejected'): void {
    events.emit('mail.settled', { provider: provider.name, template: content.category, status });
  }
}

function summary(claim: { provider: string; messageId: string | undefined; reason: string | undefined }) {
  return {
    provider: claim.provider,
    ...(claim.messageId === undefined ? {} : { messageId: claim.messageId }),
    ...(claim.reason === undefined ? {} : { reason: claim.reason }),
  };
}
