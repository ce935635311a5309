import { defineProcessor } from '../define.ts';

/** Renews the aggregates beside their readers, who go on with those of before until the new ones are there. */
export const refreshAnalytics = defineProcessor(
  'sync',
  'refresh-analytics',
  ['database'],
  async ({ data, services, signal, progress, log }) => {
    signal.throwIfAborted();
    const began = performance.now();
    const refreshed = await services.database.analytics.refresh(data.scope);
    const durationMs = Math.round(performance.now() - began);
    log.info({ refreshed, durationMs }, 'Aggregates were refreshed.');
    progress(100, `${refreshed.length} aggregates`);
    return { refreshed: [...refreshed], durationMs, refreshedAt: new Date().toISOString() };
  },
);
