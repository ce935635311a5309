import { Command, CommanderError } from 'commander';
import type { Backfill, Schedule } from '../../client/index.ts';
import { readPace, readTime } from '../arguments.ts';
import { type AskOptions, asking, askOptions, openClient } from '../client.ts';
import { table } from '../tables.ts';
import { columns, confirm, interruptedCode, moment, print, progressLine } from '../terminal.ts';

const fillExitCodes = `
Exit codes:
  0    done
  1    it could not be done, or not to its end: the same again goes on
  2    asked wrongly, or nobody was there to say yes
  3    you said no
  130  stopped by Ctrl-C: the same again goes on`;

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
    .addHelpText('after', fillExitCodes)
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

/** A part is made within a second or so, and a long span has no more parts than a bar has steps. */
const leastAtOnce = 20;
const mostAtOnce = 500;
const parts = 50;

async function fill(name: string, options: FillOptions): Promise<void> {
  const { from, to, perSecond } = options;
  const { schedules } = await openClient(options);
  const span = { from, to, perSecond };
  const dry: Backfill[] = [];
  await asking(each(schedules.backfillParts(name, { ...span, dryRun: true }), (part) => dry.push(part)));
  const found = together(dry);
  if (options.dryRun === true || found.missing === 0) {
    if (options.json === true) return print(JSON.stringify(found));
    if (found.ticks.length === 0) return print('It has no tick in that span.');
    return print(`${describeTicks(found.ticks, found.ticks.length)}\n${found.missing} have no job.`);
  }
  if (options.json !== true) process.stderr.write(`${describeTicks(found.ticks, ticksShown)}\n`);
  await confirm(`Make ${found.missing} ${found.missing === 1 ? 'job' : 'jobs'}?`, options.yes === true);
  const limit = Math.min(mostAtOnce, Math.max(leastAtOnce, Math.ceil(found.ticks.length / parts)));
  const made = await make(schedules.backfillParts(name, { ...span, dryRun: false, limit }), found.missing);
  print(
    options.json === true
      ? JSON.stringify(made)
      : made.made === 1
        ? '1 job was made.'
        : `${made.made} jobs were made.`,
  );
}

/**
 * Makes part after part. Ctrl-C ends it after the part that is being made; the second ends it at once.
 * @throws CommanderError with exit code 130 when it was stopped
 */
async function make(filled: AsyncGenerator<Backfill>, total: number): Promise<Backfill> {
  const bar = progressLine(process.stderr);
  const done: Backfill[] = [];
  const draw = (note: string) => bar(total - (done.at(-1)?.left ?? total), total, note);
  let stopped = false;
  const stop = () => {
    if (stopped) process.exit(interruptedCode);
    stopped = true;
  };
  process.on('SIGINT', stop);
  try {
    await asking(
      each(filled, (part) => {
        done.push(part);
        draw(part.nextCursor === null ? 'done' : 'running');
        return !stopped;
      }),
    );
  } catch (error) {
    draw('broken off');
    process.stderr.write(`${howToGoOn(done, total)}\n`);
    throw error;
  } finally {
    process.off('SIGINT', stop);
  }
  const all = together(done);
  if (all.nextCursor === null) return all;
  draw('stopped');
  process.stderr.write(`${howToGoOn(done, total)}\n`);
  throw new CommanderError(interruptedCode, 'millrace.interrupted', 'interrupted');
}

function howToGoOn(done: readonly Backfill[], total: number): string {
  const made = done.reduce((sum, part) => sum + part.made, 0);
  return `${made} of ${total} jobs were made. Say the same again to go on: ticks that have their job are left alone.`;
}

/** Takes part after part until there are no more, or `take` says `false`. */
async function each(filled: AsyncGenerator<Backfill>, take: (part: Backfill) => unknown): Promise<void> {
  for await (const part of filled) if (take(part) === false) return;
}

function together(done: readonly Backfill[]): Backfill {
  const last = done.at(-1);
  if (last === undefined) throw new Error('A span has one part at least.');
  const sum = (of: (part: Backfill) => number) => done.reduce((so, part) => so + of(part), 0);
  return {
    ...last,
    missing: sum(({ missing }) => missing),
    made: sum(({ made }) => made),
    ticks: done.flatMap(({ ticks }) => ticks),
  };
}

const ticksShown = 20;

function describeTicks(ticks: Backfill['ticks'], most: number): string {
  const rows = columns(ticks.slice(0, most).map(({ tickAt, state }) => [moment(tickAt), state]));
  return ticks.length > most ? `${rows}\n... and ${ticks.length - most} more` : rows;
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
  return table(['SCHEDULE', 'WHEN', 'STATE', 'NEXT (UTC)', 'LAST (UTC)', 'JOB', 'LATE BY'], rows);
}
