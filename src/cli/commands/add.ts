import { Command } from 'commander';
import { readCount, readDuration } from '../arguments.ts';
import { type AskOptions, asking, askOptions, openClient } from '../client.ts';
import { describeJob, follow } from '../follow.ts';
import { readPayload, wholePayload } from '../payload.ts';
import { print } from '../terminal.ts';

interface AddOptions extends AskOptions {
  readonly file?: string;
  readonly delay?: number;
  readonly priority?: number;
  readonly attempts?: number;
  readonly key?: string;
  readonly correlationId?: string;
  readonly wait?: true;
  readonly timeout?: number;
}

/** `millrace add`: a job, from a payload as JSON. */
export function addCommand(): Command {
  const command = new Command('add')
    .description('Adds a job.')
    .argument('<queue>', 'such as email')
    .argument('<job>', 'such as send-welcome; docs/jobs.md lists them')
    .argument('[payload]', 'JSON: `{ type, data }`, or the data alone; - reads it from stdin')
    .option('--file <path>', 'reads the payload from a file')
    .option('--delay <time>', 'before it may be taken: 500ms, 30s, 5m, 2h, 1d', readDuration)
    .option('--priority <number>', '1 goes first', readCount)
    .option('--attempts <number>', 'tries in all', readCount)
    .option('--key <key>', 'an idempotency key: the same again is the same job')
    .option('--correlation-id <id>', 'under which its story is told in logs')
    .option('--wait', 'shows it as it runs, and its result')
    .option('--timeout <time>', 'how long --wait waits', readDuration)
    .action(add)
    .addHelpText(
      'after',
      `
Examples:
  $ millrace add sync refresh-analytics '{}' --wait
  $ millrace add email send-welcome --file welcome.json --key welcome-user-1
  $ echo '{"fullSync":false}' | millrace add sync sam-gov-sync - --delay 10m`,
    );
  for (const option of askOptions()) command.addOption(option);
  return command;
}

async function add(
  queue: string,
  job: string,
  given: string | undefined,
  options: AddOptions,
): Promise<void> {
  const payload = wholePayload(queue, job, (await readPayload(given, options.file)) ?? {});
  const { delay, priority, attempts, correlationId, key: idempotencyKey } = options;
  const client = await openClient(options);
  const wanted = { delay, priority, attempts, correlationId, idempotencyKey };
  const added = await asking(client.addUntyped(queue, job, payload, present(wanted)));
  if (options.wait !== true) {
    if (options.json === true) return print(JSON.stringify(added));
    const was = added.created ? 'Added' : 'It was there before:';
    return print(
      `${was} ${queue}/${job} ${added.id}, ${added.state}.\nSee it with: millrace job show ${queue} ${added.id}`,
    );
  }
  const ended = await asking(
    follow(client, added, { json: options.json === true, timeoutMs: options.timeout }),
  );
  print(options.json === true ? JSON.stringify({ event: 'end', job: ended }) : describeJob(ended));
}

/** Without what is not there. */
function present<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  return Object.assign({}, ...entries.map(([name, each]) => ({ [name]: each })));
}
