/**
 * One peer in a process of its own, as in production: neither warms nor burdens the other's code and memory. The bench
 * asks over the channel, one task at a time; stdout is left to the peer's log.
 */
import { z } from 'zod';
import { openMillrace } from './peers/millrace.ts';
import { openRawBullmq } from './peers/raw-bullmq.ts';
import { allTasks, perform } from './tasks.ts';

const settings = z.object({
  peer: z.enum(['raw', 'millrace']),
  store: z.enum(['redis', 'postgres']),
  url: z.string(),
  index: z.string().optional(),
});
const request = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('task'), task: z.enum(allTasks), jobs: z.int(), workMs: z.number() }),
  z.object({ kind: z.literal('close') }),
]);

const { peer: name, ...options } = settings.parse(JSON.parse(process.argv[2] ?? '{}'));
const peer = await (name === 'raw' ? openRawBullmq(options) : openMillrace(options));
let jobsRun = 0;

process.on('message', (message) => {
  answer(request.parse(message)).then(
    (value) => process.send?.({ ok: true, value }),
    (error: unknown) => process.send?.({ ok: false, error: error instanceof Error ? error.stack : error }),
  );
});
// A peer without its bench has nobody to work for.
process.on('disconnect', () => process.exit());
process.send?.({ ok: true });

async function answer(asked: z.infer<typeof request>): Promise<unknown> {
  if (asked.kind === 'task') {
    const timing = await perform(peer, asked.task, asked.jobs, asked.workMs);
    const settled = await peer.settle();
    if (asked.task === 'process' || asked.task === 'steady') jobsRun += asked.jobs;
    return { ...timing, settled };
  }
  await peer.verify(jobsRun);
  await peer.close();
  return { jobsRun };
}
