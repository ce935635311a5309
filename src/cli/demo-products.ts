import { join } from 'node:path';
import type { Config } from '../../config/index.ts';
import type { JobStatus } from './job-lines.ts';

/** Names what a job has left, and where. */
export function productOf(config: Config, queue: string, end: JobStatus): string {
  if (end.state === 'failed') return `failed: ${end.failure ?? ''}`;
  const result = recordOf(end.result);
  if (result.considered !== undefined)
    return `${result.considered} users considered, ${result.added} jobs added`;
  switch (queue) {
    case 'email':
      return result.provider === 'outbox'
        ? join(outboxOf(config), String(result.messageId))
        : `${result.status} by ${result.provider}`;
    case 'document':
      return `${placeOf(config, String(result.storageKey))} (${result.bytes} bytes)`;
    case 'sync':
      return syncProductOf(result);
    default: {
      const scores = recordOf(result.enhancedScores);
      return `hype ${scores.hypeScore}, ethics ${scores.ethicsScore}${result.enhanced === true ? ` by ${result.model}` : ' (local scores)'}`;
    }
  }
}

/** A result's fields; none for what is no record. */
export function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

export function outboxOf({ dataDir }: Config): string {
  return join(dataDir, 'outbox');
}

/** Where a file of the storage is. */
export function placeOf({ storage, dataDir }: Config, key: string): string {
  return storage.provider === 'local' ? join(dataDir, 'storage', key) : `${storage.bucket}/${key}`;
}

function syncProductOf(result: Readonly<Record<string, unknown>>): string {
  if (Array.isArray(result.refreshed)) return `${result.refreshed.join(', ')} in ${result.durationMs} ms`;
  if (typeof result.removed === 'object' && result.removed !== null) {
    const due = Object.entries(result.removed).filter(([, count]) => count !== 0);
    return due.length === 0
      ? 'nothing is old enough'
      : due.map(([what, count]) => `${count} ${what}`).join(', ');
  }
  return `${result.fetched} records: ${result.inserted} new, ${result.updated} changed, ${result.unchanged} as before`;
}
