import { setTimeout as pause } from 'node:timers/promises';
import { RateLimitedError } from '../../src/errors/catalogue.ts';
import type { Claimed, Deliveries, MailClaim, Settled } from '../../src/integrations/database/port.ts';

/**
 * A mail's turn at its provider. Its limit, and a pause that it asked for, hold for all worker processes together: they
 * are kept beside the ledger, and asked for by the claim that a mail needs in any case.
 *
 * In no second more than the limit go out: places are a little further apart than it asks for, and a mail that is later
 * than that little, since its process was held up, takes a new place instead of crowding those that follow.
 *
 * A job waits in its slot for its turn. Were it put back at once, the workers would take and put back a whole queue of
 * mails while nothing may be sent; so a limit is felt by the queue as fewer mails in a second, and by nothing else. Only
 * what has to wait long goes back, to be delayed: that costs no attempt.
 */
export interface TurnOptions {
  /** How long a job waits in its slot, in ms; well below the timeout of a mail's job. */
  readonly longestHoldMs?: number;
}

/** How much later than its place a mail may go, in ms: a second holds one limit of places that much further apart. */
const punctualMs = 50;

/** How far apart sends are kept, in µs, for so many in a second at most. */
export function intervalOf(perSecond: number): number {
  return Math.ceil((1_000_000 + punctualMs * 1_000) / perSecond);
}

/** After such a wait in ms somebody may have been asked to pause, so that is looked up. */
const noticeableMs = 100;
const lookMs = 50;

/**
 * Claims the mail and resolves when it is to be sent, or need not be.
 * @throws RateLimitedError MAIL_RATE_LIMITED when it would have to wait longer than it may hold its slot.
 */
export async function awaitTurn(
  ledger: Pick<Deliveries, 'claim' | 'unclaim' | 'pausedMs'>,
  mail: MailClaim,
  signal: AbortSignal,
  { longestHoldMs = 15_000 }: TurnOptions = {},
): Promise<Settled | Extract<Claimed, { outcome: 'send' }>> {
  const latest = performance.now() + longestHoldMs;
  let missed = false;
  for (;;) {
    signal.throwIfAborted();
    const askedAt = performance.now();
    const claim = await ledger.claim(mail);
    if (claim.outcome === 'settled') return claim;
    if (claim.outcome === 'send') {
      if (await hasCome(claim.waitMs, askedAt)) return claim;
      continue;
    }
    const left = latest - performance.now();
    await wait(Math.min(claim.waitMs, left), signal);
    if (claim.waitMs >= left) throw tooLong(mail.provider, claim.waitMs - left);
  }

  /**
   * Waits for the mail's place; `false`, with the claim taken back, when it has missed it, or the provider asked for a pause
   * meanwhile.
   */
  async function hasCome(waitMs: number, askedAt: number): Promise<boolean> {
    const place = performance.now() + waitMs;
    try {
      let paused = false;
      if (waitMs >= noticeableMs) {
        // Before its place comes, so that the look does not make it late.
        await wait(waitMs - lookMs, signal);
        paused = (await ledger.pausedMs(mail.provider)) > 0;
      }
      if (!paused) await wait(place - performance.now(), signal);
      if (!paused && !misses(askedAt + waitMs)) return true;
    } catch (error) {
      // Why the wait ended matters more; a claim that stays is taken over by the next attempt.
      await ledger.unclaim(mail).catch(() => undefined);
      throw error;
    }
    await ledger.unclaim(mail);
    return false;
  }

  /** Once at most: where all are late, late mails are better than none. */
  function misses(place: number): boolean {
    if (mail.intervalUs === undefined || missed || performance.now() - place <= punctualMs) return false;
    missed = true;
    return true;
  }
}

async function wait(ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0) return;
  try {
    await pause(ms, undefined, { signal });
  } catch (error) {
    // Why the job was stopped, not that its pause was.
    signal.throwIfAborted();
    throw error;
  }
}

function tooLong(provider: string, waitMs: number): RateLimitedError {
  const seconds = Math.max(1, Math.ceil(waitMs / 1_000));
  return new RateLimitedError(
    'MAIL_RATE_LIMITED',
    `${provider} takes no mails now; this one is tried again in ${seconds} s. Nothing needs to be done; EMAIL_RATE_LIMIT sets how many go out in a second.`,
    seconds * 1_000,
  );
}
