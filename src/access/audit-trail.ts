import { catalogue } from '../errors/catalogue.ts';
import { classify } from '../errors/classify.ts';
import type { AuditDetail, AuditEntry, AuditLog, AuditOutcome } from '../integrations/database/port.ts';
import type { Logger } from '../observability/logger.ts';

/** An action that has its entry and may be carried out. */
export interface AuditedAct {
  /** Says how it ended, once; it is written beside whatever comes next, and `settled` waits for it. */
  end(outcome: AuditOutcome, detail?: AuditDetail): void;
}

/** How often the outcome is tried to be written: unlike the entry it holds nothing up, and nobody else writes it. */
const mostTries = 3;

/**
 * Writes the audit log, in two steps. The entry is written before the action, which is not carried out when that fails;
 * how it ended is added afterwards. An entry without an outcome tells of an action whose process died in the middle.
 */
export class AuditTrail {
  readonly #log: AuditLog;
  readonly #logger: Pick<Logger, 'error'>;
  readonly #pending = new Set<Promise<void>>();

  constructor(log: AuditLog, logger: Pick<Logger, 'error'>) {
    this.#log = log;
    this.#logger = logger;
  }

  /** @throws MillraceError DATABASE_UNAVAILABLE: the action must not be carried out. */
  async begin(entry: AuditEntry): Promise<AuditedAct> {
    const id = await this.#log.begin(entry);
    let ended = false;
    return {
      end: (outcome, detail) => {
        if (ended) return;
        ended = true;
        const writing = this.#end(id, outcome, detail).finally(() => this.#pending.delete(writing));
        this.#pending.add(writing);
      },
    };
  }

  /** Carries out `work` under an entry, to which it may add; what it throws is passed on. */
  async during<T>(entry: AuditEntry, work: (note: (detail: AuditDetail) => void) => Promise<T>): Promise<T> {
    const act = await this.begin(entry);
    let noted: AuditDetail | undefined;
    try {
      const result = await work((detail) => {
        noted = { ...noted, ...detail };
      });
      act.end('done', noted);
      return result;
    } catch (error) {
      const { code } = classify(error);
      act.end(catalogue[code].status < 500 ? 'refused' : 'failed', { ...noted, error: code });
      throw error;
    }
  }

  /** Resolves when every outcome so far has been written, or was tried often enough. */
  async settled(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
  }

  async #end(id: string, outcome: AuditOutcome, detail: AuditDetail | undefined): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#log.end(id, outcome, detail);
      } catch (error) {
        if (tries < mostTries) continue;
        this.#logger.error(
          { err: error, auditId: id, outcome },
          'The outcome of an action is not in the audit log',
        );
        return;
      }
    }
  }
}
