/** What may be wrong, as operators are told. */
export const alertKinds = ['dead-letters', 'schedule-missed', 'no-worker', 'oldest-waiting'] as const;
export type AlertKind = (typeof alertKinds)[number];

/** Something that is wrong now. */
export interface Wrong {
  readonly kind: AlertKind;
  /** A queue's or schedule's name. */
  readonly subject: string;
  readonly message: string;
  /** How long it must stay wrong before anybody is told; 0 tells at once. */
  readonly holdSeconds: number;
}

/** What one channel has to be told next. */
export interface AlertNotice {
  readonly id: string;
  readonly what: 'raised' | 'resolved';
  readonly kind: string;
  readonly subject: string;
  readonly message: string;
  readonly raisedAt: Date;
  readonly resolvedAt: Date | undefined;
}

/** Alerts over all processes: whoever looks notes what is wrong, and one of them tells each channel, once. */
export interface AlertLedger {
  /** Opens alerts for what is newly wrong, and resolves those of these kinds that are well again. */
  note(kinds: readonly AlertKind[], wrong: readonly Wrong[]): Promise<void>;
  /** The next notice for a channel, claimed for so many seconds; `undefined` when all has been told. */
  claimNotice(channel: string, seconds: number): Promise<AlertNotice | undefined>;
  /** The channel has taken it. */
  settleNotice(notice: AlertNotice, channel: string): Promise<void>;
}
