import { messageOf } from '../errors/classify.ts';
import type { AlertChannel } from '../integrations/alerts/port.ts';
import { type AlertKind, type AlertLedger, alertKinds, type Wrong } from '../integrations/database/port.ts';

/** What the look around asks. Times in ms since 1970, durations in seconds. */
export interface AlertSources {
  readonly queues: readonly string[];
  /** When the latest dead letter of a queue came; `undefined` when there is none. */
  latestDeadLetter(queue: string): Promise<{ readonly at: number; readonly job: string } | undefined>;
  /** Ticks that should have come and did not, by schedule. */
  missedTicks(): Promise<readonly { readonly schedule: string; readonly tickAt: Date }[]>;
  workers(queue: string): Promise<number>;
  oldestWaitingSeconds(queue: string): Promise<number>;
  now(): number;
}

export interface AlertWatchOptions {
  readonly sources: AlertSources;
  readonly ledger: AlertLedger;
  readonly channels: readonly AlertChannel[];
  onError(error: unknown): void;
}

/** A dead letter is news for so long; then the alert is over, whether or not anybody has looked at it. */
const freshSeconds = 15 * 60;
const tooOldSeconds = 15 * 60;
/** A rollout may leave a queue without workers for a moment. */
const withoutWorkersSeconds = 90;
const claimSeconds = 60;
const sendMs = 15_000;

/** Makes the duty that looks around and tells each channel what has changed; any number of processes may run it. */
export function createAlertWatch({
  sources,
  ledger,
  channels,
  onError,
}: AlertWatchOptions): () => Promise<void> {
  return async () => {
    const { kinds, wrong, faults } = await look(sources);
    for (const fault of faults) onError(fault);
    await ledger.note(kinds, wrong);
    await Promise.all(channels.map((channel) => tell(ledger, channel).catch(onError)));
  };
}

/** Kinds that could not be looked at keep their alerts as they are. */
async function look(
  sources: AlertSources,
): Promise<{ kinds: AlertKind[]; wrong: Wrong[]; faults: unknown[] }> {
  const looks: Readonly<Record<AlertKind, () => Promise<Wrong[]>>> = {
    'dead-letters': () => forEach(sources.queues, (queue) => freshDeadLetter(sources, queue)),
    'schedule-missed': () => missedSchedules(sources),
    'no-worker': () => forEach(sources.queues, (queue) => withoutWorker(sources, queue)),
    'oldest-waiting': () => forEach(sources.queues, (queue) => waitingTooLong(sources, queue)),
  };
  const found = await Promise.allSettled(alertKinds.map((kind) => looks[kind]()));
  const kinds = alertKinds.filter((_, at) => found[at]?.status === 'fulfilled');
  const wrong = found.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
  const faults = found.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
  return { kinds, wrong, faults };
}

async function forEach(
  queues: readonly string[],
  ask: (queue: string) => Promise<Wrong | undefined>,
): Promise<Wrong[]> {
  const found = await Promise.all(queues.map(ask));
  return found.filter((wrong) => wrong !== undefined);
}

async function freshDeadLetter(sources: AlertSources, queue: string): Promise<Wrong | undefined> {
  const latest = await sources.latestDeadLetter(queue);
  if (latest === undefined || sources.now() - latest.at > freshSeconds * 1_000) return undefined;
  const message = `Dead letters arrive in ${queue}, the latest of ${latest.job}.`;
  return { kind: 'dead-letters', subject: queue, message, holdSeconds: 0 };
}

async function missedSchedules(sources: AlertSources): Promise<Wrong[]> {
  return (await sources.missedTicks()).map(({ schedule, tickAt }) => ({
    kind: 'schedule-missed',
    subject: schedule,
    message: `Schedule ${schedule} has not ticked at ${tickAt.toISOString()}.`,
    holdSeconds: 0,
  }));
}

async function withoutWorker(sources: AlertSources, queue: string): Promise<Wrong | undefined> {
  if ((await sources.workers(queue)) > 0) return undefined;
  const message = `Nothing works on queue ${queue}.`;
  return { kind: 'no-worker', subject: queue, message, holdSeconds: withoutWorkersSeconds };
}

async function waitingTooLong(sources: AlertSources, queue: string): Promise<Wrong | undefined> {
  const seconds = await sources.oldestWaitingSeconds(queue);
  if (seconds < tooOldSeconds) return undefined;
  const message = `The oldest job of ${queue} has waited ${Math.round(seconds / 60)} minutes.`;
  return { kind: 'oldest-waiting', subject: queue, message, holdSeconds: 60 };
}

async function tell(ledger: AlertLedger, channel: AlertChannel): Promise<void> {
  for (;;) {
    const notice = await ledger.claimNotice(channel.name, claimSeconds);
    if (notice === undefined) return;
    try {
      await channel.send(notice, AbortSignal.timeout(sendMs));
    } catch (error) {
      // The claim ends by itself, and whoever looks next tries again.
      throw new Error(`${channel.name} was not told: ${messageOf(error)}`, { cause: error });
    }
    await ledger.settleNotice(notice, channel.name);
  }
}
