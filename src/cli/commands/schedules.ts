import { Command } from 'commander';
import { z } from 'zod';
import { type ConnectionOptions, connect, jsonOption, urlOption } from '../connection.ts';
import { columns, confirm, moment, print } from '../terminal.ts';

interface Options extends ConnectionOptions {
  readonly json?: true;
}

const schedule = z.looseObject({
  name: z.string(),
  cron: z.string(),
  timeZone: z.string(),
  enabled: z.boolean(),
  configured: z.boolean(),
  next: z.array(z.string()),
  ticks: z.array(
    z.looseObject({
      tickAt: z.string(),
      latenessSeconds: z.number().optional(),
      job: z.looseObject({ id: z.string(), state: z.string() }).optional(),
    }),
  ),
});
const run = z.object({ job: z.object({ queue: z.string(), id: z.string() }) });
const backfill = z.object({
  backfill: z.object({
    missing: z.number(),
    made: z.number(),
    ticks: z.array(z.object({ tickAt: z.string(), state: z.string(), jobId: z.string().optional() })),
  }),
});

/** `millrace schedules …`: through the API of the Millrace that is configured here. */
export function schedulesCommand(): Command {
  const command = new Command('schedules').description('Shows schedules, and steers them.');
  const named = (name: string, description: string) =>
    command
      .command(name)
      .description(description)
      .argument('<schedule>', 'its name, as `list` shows it')
      .addOption(jsonOption())
      .addOption(urlOption());

  command
    .command('list')
    .description('Lists the schedules with their next and last ticks.')
    .addOption(jsonOption())
    .addOption(urlOption())
    .action(async (options: Options) => {
      const api = await connect(options);
      const { schedules } = z
        .object({ schedules: z.array(schedule) })
        .parse(await api.call('GET', '/api/schedules'));
      print(options.json === true ? JSON.stringify(schedules) : describe(schedules));
    });

  named('run', 'Makes its job now, beside its ticks.')
    .option('--key <key>', 'the same key again is the same job')
    .action(async (name: string, options: Options & { readonly key?: string }) => {
      const api = await connect(options);
      const headers = options.key === undefined ? {} : { 'Idempotency-Key': options.key };
      const answer = run.parse(await api.call('POST', `${pathOf(name)}/run`, undefined, headers));
      print(
        options.json === true
          ? JSON.stringify(answer)
          : `${name} runs now, as job ${answer.job.id} of ${answer.job.queue}.`,
      );
    });

  const turn = (enabled: boolean) => async (name: string, options: Options) => {
    const api = await connect(options);
    const answer = await api.call('PATCH', pathOf(name), { enabled });
    if (options.json === true) return print(JSON.stringify(answer));
    print(enabled ? `${name} goes on.` : `${name} is paused: it makes no jobs until it is resumed.`);
  };
  named('pause', 'Lets it make no jobs, in every scheduler.').action(turn(false));
  named('resume', 'Lets it go on. What was due meanwhile is not made up for.').action(turn(true));

  named('backfill', 'Makes a job for each tick of a span that has none. Says which, and asks.')
    .requiredOption('--from <time>', 'as 2026-05-01 or 2026-05-01T10:00Z')
    .requiredOption('--to <time>', 'included; not in the future')
    .option('--per-second <number>', 'the pace', Number, 1)
    .option('--dry-run', 'only says which')
    .option('--yes', 'does not ask')
    .action(fill);

  return command;
}

interface FillOptions extends Options {
  readonly from: string;
  readonly to: string;
  readonly perSecond: number;
  readonly dryRun?: true;
  readonly yes?: true;
}

async function fill(name: string, options: FillOptions): Promise<void> {
  const { from, to, perSecond } = options;
  const api = await connect(options);
  const ask = async (dryRun: boolean) => {
    const answer = await api.call('POST', `${pathOf(name)}/backfill`, { from, to, perSecond, dryRun });
    return backfill.parse(answer).backfill;
  };
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

function describe(schedules: readonly z.output<typeof schedule>[]): string {
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

function pathOf(name: string): string {
  return `/api/schedules/${encodeURIComponent(name)}`;
}
