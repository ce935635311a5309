import type { Command } from 'commander';
import type { Client, Job, JobReference } from '../../client/index.ts';
import { type AskOptions, asking, askOptions, openClient } from '../client.ts';
import { describeJob, follow } from '../follow.ts';
import { print } from '../terminal.ts';

/** Adds to `millrace job` what is done with one of them: looked at, followed, steered. */
export function addOneJobCommands(job: Command): void {
  const one = (name: string, description: string, example: string) => {
    const command = job
      .command(name)
      .description(description)
      .argument('<queue>', 'such as email')
      .argument('<id>', "the job's id")
      .addHelpText('after', `\nExample:\n  $ millrace job ${name} ${example}`);
    for (const option of askOptions()) command.addOption(option);
    return command;
  };

  one('show', 'Shows a job: state, attempts, payload, result, failure, log.', 'email 42').action(
    async (queue: string, id: string, options: AskOptions) => {
      const client = await openClient(options);
      show(await asking(client.getJob({ queue, id })), options);
    },
  );

  one(
    'tail',
    'Follows a job until it has ended: its log, and how far it is. Ends with 4 when it failed.',
    'document 42',
  ).action(async (queue: string, id: string, options: AskOptions) => {
    const client = await openClient(options);
    const ended = await asking(follow(client, { queue, id }, { json: options.json === true }));
    if (options.json === true) return print(JSON.stringify({ event: 'end', job: ended }));
    print(`${ended.state}${ended.failure === undefined ? '' : `: ${ended.failure}`}`);
  });

  const steer =
    (act: (client: Client, job: JobReference) => Promise<Job>) =>
    async (queue: string, id: string, options: AskOptions): Promise<void> => {
      const changed = await asking(act(await openClient(options), { queue, id }));
      if (options.json === true) return show(changed, options);
      print(`${queue}/${id}: ${changed.state}`);
    };
  one(
    'cancel',
    'Cancels a job: one that waits at once, one that runs as soon as it heeds the signal.',
    'document 42',
  ).action(steer((client, job) => client.cancel(job)));
  one('retry', 'Gives a failed job another attempt.', 'email 42').action(
    steer((client, job) => client.retry(job)),
  );
  one('promote', 'Lets a delayed job run now.', 'email 42').action(
    steer((client, job) => client.promote(job)),
  );
}

function show(job: Job, { json }: AskOptions): void {
  print(json === true ? JSON.stringify(job) : describeJob(job));
}
