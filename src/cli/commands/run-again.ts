import type { Command } from 'commander';
import { readDuration } from '../arguments.ts';
import { type AskOptions, asking, askOptions, openClient } from '../client.ts';
import { describeJob, follow } from '../follow.ts';
import { isWhole, readPayload, wholePayload } from '../payload.ts';
import { print } from '../terminal.ts';

interface RunAgainOptions extends AskOptions {
  readonly data?: string;
  readonly file?: string;
  readonly key?: string;
  readonly wait?: true;
  readonly timeout?: number;
}

/** Adds to `millrace job` a new run of an earlier job, edited or not. */
export function addRunAgainCommand(job: Command): void {
  const command = job
    .command('run-again')
    .description('Adds a new job that does what an earlier one did, its payload edited or not.')
    .argument('<queue>', 'such as email')
    .argument('<id>', "the earlier job's id")
    .option('--data <json>', 'another payload: `{ type, data }`, or the data alone; - reads it from stdin')
    .option('--file <path>', 'reads the payload from a file')
    .option('--key <key>', 'an idempotency key: the same again is the same job')
    .option('--wait', 'shows it as it runs, and its result')
    .option('--timeout <time>', 'how long --wait waits', readDuration)
    .action(runAgain)
    .addHelpText(
      'after',
      `
What \`millrace job show\` shows as [masked] keeps its value if you leave it so.

Examples:
  $ millrace job run-again email 42
  $ millrace job run-again document 42 --file edited.json --wait`,
    );
  for (const option of askOptions()) command.addOption(option);
}

async function runAgain(queue: string, id: string, options: RunAgainOptions): Promise<void> {
  const { key, json, wait, timeout: timeoutMs } = options;
  const given = await readPayload(options.data, options.file);
  const client = await openClient(options);
  const whole =
    given === undefined || isWhole(given)
      ? given
      : wholePayload(queue, (await asking(client.getJob({ queue, id }))).name, given);
  const added = await asking(
    client.runAgain(
      { queue, id },
      {
        ...(whole === undefined ? {} : { payload: whole }),
        ...(key === undefined ? {} : { idempotencyKey: key }),
      },
    ),
  );
  if (wait !== true) {
    if (json === true) return print(JSON.stringify(added));
    return print(
      `Runs again as ${queue}/${added.name} ${added.id}.\nSee it with: millrace job show ${queue} ${added.id}`,
    );
  }
  const ended = await asking(follow(client, added, { json: json === true, timeoutMs }));
  print(json === true ? JSON.stringify({ event: 'end', job: ended }) : describeJob(ended));
}
