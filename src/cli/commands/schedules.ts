import { Command } from 'commander';
import type { Schedule } from '../../client/index.ts';
import { readPace, readTime } from '../arguments.ts';
import { type AskOptions, asking, askOptions, openClient } from '../client.ts';
import { columns, confirm, moment, print } from '../terminal.ts';

/** `millrace schedules …`: through the API of the Millrace that is configured here. */
export function schedulesCommand(): Command {
  const command = new Command('schedules').description('Shows schedules, and steers them.');
  const named = (name: string, description: string) =>
    command.command(name).description(description).argument('<schedule>', 'its name, as `list` shows it');

  command
    .command('list')
    .description('Lists the schedules with their next and last ticks.')
    .action(async (options: AskOptions) => {
      const schedules = await asking((await openClient(options)).schedules.list());
      print(options.json === true ? JSON.stringify(schedules) : describe(schedules));
    });

  named('run', 'Makes its job now, beside its ticks.')
    .option('--key <key>', 'the same key again is the same job')
    .action(async (name: string, options: AskOptions & { readonly key?: string }) => {
      const { schedules } = await openClient(options);
      const key = options.key === undefined ? {} : { idempotencyKey: options.key };
      const job = await asking(schedules.run(name, key));
      if (options.json === true) return print(JSON.stringify({ job }));
      print(`${name} runs now, as job ${job.id} of ${job.queue}.`);
    });

  named('pause', 'Lets it make no jobs, in every scheduler.').action(
    async (name: string, options: AskOptions) => {
      const schedule = await asking((await openClient(options)).schedules.pause(name));
      if (options.json === true) return print(JSON.stringify({ schedule }));
      print(`${name} is paused: it makes no jobs until it is resumed.`);
    },
  );
  named('resume', 'Lets it go on. What was due meanwhile is not made up for.').action(
    async (name: string, options: AskOptions) => {
      const schedule = await asking((await openClient(options)).schedules.resume(name));
      print(options.json === true ? JSON.stringify({ schedule }) : `${name} goes on.`);
    },
  );

  named('backfill', 'Makes a job for each tick of a span that has none. Says which, and asks.')
    .requiredOption('--from <time>', 'as 2026-05-01 or 2026-05-01T10:00Z', readTime)
    .requiredOption('--to <time>', 'included; not in the future', readTime)
    .option('--per-second <number>', 'the pace', readPace, 1)
    .option('--dry-run', 'only says which')
    .option('--yes', 'does not ask')
    .action(fill);

  for (const each of command.commands) for (const option of askOptions()) each.addOption(option);
  return command;
}

interface FillOptions extends AskOptions {
  readonly from: Date;
  readonly to: Date;
  readonly perSecond: number;
  readonly dryRun?: true;
  readonly yes?: true;
}

async function fill(name: string, options: FillOptions): Promise<void> {
  const { from, to, perSecond } = options;
  const { schedules } = await openClient(options);
  const ask = (dryRun: boolean) => asking(schedules.backfill(name, { from, to, perSecond, dryRun }));
  const dry = await ask(true);
  const said = columns(dry.ticks.map(({ tickAt, state }) => [moment(tickAt), state]));
  if (options.dryRun === true || dry.missing === 0) {
    if (options.json === true) return print(JSON.stringify(dry));
    return print(
      dry.ticks.length === 0 ? 'It has no tick in that span.' : `${said}\n${dry.missing} have no job.`,
    );
  }
  if (options.json !== true) process.stderr.write(`${said}\n`);
  await confirm(`Make ${dry.missing} jobs?`, options.yes === true);
  const made = await ask(false);
  print(options.json === true ? JSON.stringify(made) : `${made.made} jobs were made.`);
}

function describe(schedules: readonly Schedule[]): string {
  const rows = schedules.map(({ name, cron, timeZone, enabled, configured, next, ticks: [last] }) => [
    name,
    `${cron} ${timeZone}`,
    enabled ? 'on' : configured ? 'paused' : 'off',
    moment(next[0]),
    moment(last?.tickAt),
    last?.job?.state ?? '-',
    last?.latenessSeconds === undefined ? '-' : `${last.latenessSeconds} s`,
  ]);
  return columns([['SCHEDULE', 'WHEN', 'STATE', 'NEXT (UTC)', 'LAST (UTC)', 'JOB', 'LATE BY'], ...rows]);
}
