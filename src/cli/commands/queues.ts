import { Argument, Command } from 'commander';
import { isQueueName, queueNames } from '../../../queues/index.ts';
import type { Client, Queue } from '../../client/index.ts';
import { type AskOptions, asking, askOptions, openClient } from '../client.ts';
import { cards, fits } from '../tables.ts';
import { print } from '../terminal.ts';

/** `millrace queues`: how they do; `pause` and `resume` steer one. */
export function queuesCommand(): Command {
  const command = new Command('queues')
    .description('Shows the queues, or pauses and resumes one.')
    .addHelpText('after', '\nExamples:\n  $ millrace queues\n  $ millrace queues pause sync');
  const list = command
    .command('list', { isDefault: true })
    .description('Shows all queues with their counts.');
  list.action(async (options: AskOptions) => {
    const queues = await asking((await openClient(options)).queues());
    print(options.json === true ? JSON.stringify(queues) : table(queues));
  });

  const steer = (name: string, description: string, act: (client: Client, queue: string) => Promise<Queue>) =>
    command
      .command(name)
      .description(description)
      .addArgument(new Argument('<queue>', 'its name').choices(queueNames))
      .action(async (queue: string, options: AskOptions) => {
        const changed = await asking(act(await openClient(options), queue));
        if (options.json === true) return print(JSON.stringify(changed));
        print(`${queue} ${changed.paused ? 'is paused: workers take none of its jobs.' : 'goes on.'}`);
      });
  const ofQueue =
    (act: (client: Client, queue: (typeof queueNames)[number]) => Promise<Queue>) =>
    async (client: Client, queue: string) => {
      if (!isQueueName(queue)) throw new Error(`There is no queue ${queue}.`);
      return act(client, queue);
    };
  const steering = [
    steer(
      'pause',
      'Lets workers take no more of its jobs.',
      ofQueue((client, queue) => client.pauseQueue(queue)),
    ),
    steer(
      'resume',
      'Lets them take its jobs again.',
      ofQueue((client, queue) => client.resumeQueue(queue)),
    ),
  ];
  for (const each of [list, ...steering]) for (const option of askOptions()) each.addOption(option);
  return command;
}

const heads = [
  'QUEUE',
  'WAITING',
  'ACTIVE',
  'DELAYED',
  'DONE',
  'FAILED',
  'DEAD',
  'OLDEST',
  'PER MIN',
  'WORKERS',
  '',
];

function table(queues: readonly Queue[]): string {
  const rows = queues.map(
    ({ name, counts, deadLetters, oldestWaitingSeconds, perMinute, workers, paused }) => [
      name,
      ...[counts.waiting, counts.active, counts.delayed, counts.completed, counts.failed, deadLetters].map(
        String,
      ),
      `${Math.round(oldestWaitingSeconds)} s`,
      perMinute.completed.toFixed(1),
      String(workers.length),
      paused ? 'paused' : '',
    ],
  );
  const widths = heads.map((head, at) => Math.max(head.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const lines = [heads, ...rows]
    .map((row) =>
      row
        .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
  return fits(lines) ? lines : cards(heads, rows);
}
