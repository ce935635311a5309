import { gather } from './gather.ts';
import type { Claimed, Deliveries, MailClaim } from './port.ts';
import type { Row } from './postgres/connection.ts';
import { number, text, textOrNone, truth } from './postgres/rows.ts';

/** How far ahead a mail may take its place among the sends; its job waits that long at most. */
const reachMs = 5_000;

/**
 * At some hundred mails a second a statement for each costs the database and the worker more than the mails do; a mail that
 * comes alone does not wait.
 */
const everyMs = 8;

/** The functions of `migrations/`, as a driver calls them. */
export interface LedgerCalls {
  /** `claim_mails`. */
  claim(
    provider: string,
    intervalUs: number | null,
    reachMs: number,
    rows: object[],
  ): Promise<readonly Row[]>;
  /** `settle_mails`. */
  settle(rows: object[]): Promise<readonly Row[]>;
  /** `mail_pause_ms`. */
  pausedMs(provider: string): Promise<number>;
}

type Settlement = Parameters<Deliveries['settle']>[0];

/** Claims and settles mails, many in a call: what every driver of the ledger has in common. */
export function createLedger(calls: LedgerCalls): Pick<Deliveries, 'claim' | 'settle' | 'pausedMs'> {
  const claimers = new Map<string, (mail: MailClaim) => Promise<Claimed>>();
  const settle = gather<Settlement, boolean>(
    async (mails) => {
      const settled = new Set(
        (await calls.settle(mails.map(settlementRow))).map((row) => number(row, 'place')),
      );
      return mails.map((_, place) => settled.has(place));
    },
    { everyMs },
  );

  const pausedMs = gather<string, number>(
    async (providers) => {
      const named = [...new Set(providers)];
      const pauses = await Promise.all(named.map((provider) => calls.pausedMs(provider)));
      return providers.map((provider) => pauses[named.indexOf(provider)] ?? 0);
    },
    { everyMs },
  );

  function claimerOf({ provider, intervalUs }: MailClaim) {
    const key = `${intervalUs ?? ''} ${provider}`;
    let claimer = claimers.get(key);
    if (claimer === undefined) {
      claimer = gather<MailClaim, Claimed>(
        async (mails) => {
          const rows = await calls.claim(provider, intervalUs ?? null, reachMs, mails.map(claimRow));
          const byPlace = new Map(rows.map((row) => [number(row, 'place'), row]));
          return mails.map((_, place) => readClaim(byPlace.get(place)));
        },
        { everyMs },
      );
      claimers.set(key, claimer);
    }
    return claimer;
  }

  return {
    claim: (mail) => claimerOf(mail)(mail),
    async settle(mail) {
      if (await settle(mail)) return;
      throw new Error(`The ledger has no mail of job ${mail.jobKey} for this recipient: claim it first.`);
    },
    pausedMs,
  };
}

function claimRow({ jobKey, recipient, template, preference }: MailClaim, place: number) {
  return {
    place,
    job_key: jobKey,
    recipient,
    template,
    user_id: preference?.userId,
    kind: preference?.kind,
  };
}

function settlementRow({ jobKey, recipient, status, messageId, reason }: Settlement, place: number) {
  return { place, job_key: jobKey, recipient, status, message_id: messageId, reason };
}

function readClaim(row: Row | undefined): Claimed {
  if (row === undefined) throw new Error('claim_mails left out a mail: its migration is damaged.');
  const outcome = text(row, 'outcome');
  const waitMs = number(row, 'wait_ms');
  switch (outcome) {
    case 'send':
      return { outcome, unclear: truth(row, 'unclear'), waitMs };
    case 'limit':
    case 'paused':
      return { outcome, waitMs };
    case 'settled':
      return {
        outcome,
        status: text(row, 'status') === 'sent' ? 'sent' : 'suppressed',
        provider: text(row, 'provider'),
        messageId: textOrNone(row, 'message_id'),
        reason: textOrNone(row, 'reason'),
        fresh: truth(row, 'fresh'),
      };
    default:
      throw new Error(`claim_mails answers ${outcome}, which this version does not know.`);
  }
}
