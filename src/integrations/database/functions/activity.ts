import type { Activity, LiveProcess } from '../port.ts';
import type { Row } from '../postgres/connection.ts';
import { number, records, text, texts, time } from '../postgres/rows.ts';
import type { CallFunction } from './call.ts';
import { counts, numbers } from './rows.ts';

/** What the queues do and which processes there are. */
export function createActivity(call: CallFunction): Activity {
  return {
    async record({ startedAt, memoryBytes, ...process }, minutes) {
      await call('record_activity', {
        p_process: { ...process, started_at: startedAt, memory_bytes: memoryBytes },
        p_minutes: minutes,
      });
    },
    async forget(instance) {
      await call('forget_process', { p_instance: instance });
    },
    async processes(withinSeconds) {
      const rows = await call('live_processes', { p_seconds: withinSeconds });
      return records({ rows }, 'rows').map(readProcess);
    },
    async steps(from, until, stepSeconds) {
      const rows = await call('queue_activity', { p_from: from, p_until: until, p_step: stepSeconds });
      return records({ rows }, 'rows').map((row) => ({
        queue: text(row, 'queue'),
        at: time(row, 'at'),
        completed: number(row, 'completed'),
        failed: number(row, 'failed'),
        retried: number(row, 'retried'),
        cancelled: number(row, 'cancelled'),
        waits: numbers(row, 'waits'),
        durations: numbers(row, 'durations'),
      }));
    },
  };
}

function readProcess(row: Row): LiveProcess {
  return {
    instance: text(row, 'instance'),
    roles: texts(row, 'roles'),
    host: text(row, 'host'),
    pid: number(row, 'pid'),
    version: text(row, 'version'),
    startedAt: time(row, 'started_at'),
    seenAt: time(row, 'seen_at'),
    memoryBytes: number(row, 'memory_bytes'),
    active: counts(row, 'active'),
  };
}
