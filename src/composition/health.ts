import { MillraceError } from '../errors/catalogue.ts';
import type { Supervisor } from '../lifecycle/supervisor.ts';
import type { WorkerRuntime } from '../worker/runtime.ts';

/**
 * Looks at the workers, wherever they are: well while one process takes jobs of every queue. Each process is told of, so
 * that a few which are down show, without an orchestrator taking the others down as well.
 */
export function workerHealth(
  workers: WorkerRuntime | undefined,
  supervisor: Supervisor | undefined,
): { readonly workers?: () => Promise<unknown> } {
  if (supervisor !== undefined) {
    return {
      workers: async () => {
        const processes = supervisor.workers;
        if (processes.some(({ healthy }) => healthy)) return { processes };
        const codes = [...new Set(processes.flatMap(({ fault }) => (fault === undefined ? [] : [fault])))];
        const why = codes.length === 0 ? '' : ` (${codes.join(', ')})`;
        throw new MillraceError('NOT_READY', `No worker process is up${why}; the log says why.`);
      },
    };
  }
  if (workers === undefined) return {};
  return {
    workers: async () => {
      if (!workers.healthy) throw new Error('A queue has no running worker in this process.');
    },
  };
}
