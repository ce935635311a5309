import type { AlertNotice } from '../database/port.ts';

/** A way to reach whoever looks after the platform. */
export interface AlertChannel {
  /** Stands in the ledger of notices, so it must not change while alerts are open. */
  readonly name: string;
  /** Resolves when the notice has been taken; rejects when it should be tried again. */
  send(notice: AlertNotice, signal: AbortSignal): Promise<void>;
}
