import { UnrecoverableError } from '../../src/errors/catalogue.ts';
import { defineProcessor } from '../define.ts';
import { entitySource } from './entity-source.ts';
import { opportunitySource } from './opportunity-source.ts';
import { runSync } from './sync-run.ts';
import { type SyncContext, SyncTurn } from './sync-turn.ts';

export interface SamGovSyncOptions {
  /** Opportunities on a page, 1 to 1,000. */
  readonly pageSize?: number;
  /** Entities of one search that can be reached page by page. */
  readonly entityReach?: number;
  /** How long a sync runs before it makes room for others, in ms; below the job's timeout. */
  readonly turnMs?: number;
  readonly now?: () => Date;
}

/**
 * Brings opportunities or entities up to date, page by page. Each page is written together with the checkpoint after it,
 * so a job that is killed, times out or waits for its quota goes on at the page where it stopped and ends with the same
 * rows and totals as if nothing had happened. What a failed request cost stands in the day's budget alone.
 */
export function defineSamGovSync(options: SamGovSyncOptions = {}) {
  const { pageSize = 1_000, entityReach, turnMs = 40 * 60_000, now = () => new Date() } = options;
  return defineProcessor(
    'sync',
    'sam-gov-sync',
    ['database', 'samGov', 'events', 'settings'],
    (context: SyncContext) => {
      const { payload } = context;
      const { samGov, database } = context.services;
      if (samGov === undefined) throw notConfigured();
      const common = { request: payload.data, samGov, now, turnMs };
      return payload.type === 'sam-gov-opportunities'
        ? runSync(new SyncTurn(context, { ...common, source: opportunitySource(samGov, database, pageSize) }))
        : runSync(new SyncTurn(context, { ...common, source: entitySource(samGov, database, entityReach) }));
    },
  );
}

export const samGovSync = defineSamGovSync();

function notConfigured(): UnrecoverableError {
  return new UnrecoverableError(
    'No key for SAM.gov is set, so nothing can be synced. Set SAM_GOV_API_KEY (sam.gov, Account Details) and add the job again.',
    { code: 'SYNC_NOT_CONFIGURED' },
  );
}
