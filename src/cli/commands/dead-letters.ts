import { setTimeout as sleep } from 'node:timers/promises';
import { Command, CommanderError } from 'commander';
import { z } from 'zod';
import { MillraceError } from '../../errors/catalogue.ts';
import { messageOf } from '../../errors/classify.ts';
import type { ApiClient } from '../api-client.ts';
import { type ConnectionOptions, connect, jsonOption, urlOption, withQuery } from '../connection.ts';
import { columns, confirm, moment, oneLine, print, progressLine } from '../terminal.ts';

interface Choice extends ConnectionOptions {
  readonly queue?: string;
  readonly job?: string;
  readonly code?: string;
  readonly cause?: string;
  readonly from?: string;
  readonly until?: string;
  readonly words?: string;
  readonly json?: true;
}

const letter = z.looseObject({
  id: z.string(),
  queue: z.string(),
  job: z.string(),
  jobId: z.string(),
  state: z.string(),
  code: z.string(),
  message: z.string(),
  attempts: z.number(),
  failedAt: z.string(),
});
const group = z.looseObject({
  cause: z.string(),
  queue: z.string(),
  job: z.string(),
  code: z.string(),
  message: z.string(),
  count: z.number(),
  lastAt: z.string(),
});
const listed = z.object({ deadLetters: z.array(letter), nextCursor: z.string().nullable() });
const grouped = z.object({ groups: z.array(group) });
const opened = z.object({ deadLetter: letter });
const replayed = z.object({ job: z.object({ queue: z.string(), id: z.string() }) });
const previewed = z.object({ preview: z.object({ total: z.number(), groups: z.array(group) }) });
const operation = z.object({
  id: z.string(),
  state: z.enum(['running', 'stopped', 'done']),
  total: z.number(),
  done: z.number(),
  failed: z.number(),
  fault: z.string().optional(),
});
type Operation = z.output<typeof operation>;

const pollMs = 500;
const exitCodes = `
Exit codes:
  0  done
  1  it could not be done, or not for all dead letters
  2  asked wrongly, or nobody was there to say yes
  3  you said no`;

/** `millrace dead-letters …`: through the API of the Millrace that is configured here. */
export function deadLettersCommand(): Command {
  const command = new Command('dead-letters').description('Finds, replays and discards jobs that died.');

  chosen(command.command('list'))
    .description('Lists causes, or dead letters with --letters or a --cause.')
    .option('--letters', 'the letters, those that failed last first')
    .option('--state <state>', 'open, replayed, discarded or all', 'open')
    .option('--limit <number>', 'how many, 1 to 1000', '50')
    .option('--cursor <cursor>', 'goes on where a list ended')
    .addOption(jsonOption())
    .addOption(urlOption())
    .action(list);

  command
    .command('show')
    .description('Opens a dead letter: its payload, error and stack.')
    .argument('<id>', 'its id, as `list` shows it')
    .addOption(jsonOption())
    .addOption(urlOption())
    .action(async (id: string, options: Choice) => {
      const api = await connect(options);
      const { deadLetter } = opened.parse(await api.call('GET', pathOf(id)));
      print(options.json === true ? JSON.stringify(deadLetter) : describe(deadLetter));
    });

  chosen(command.command('replay'))
    .description('Replays a dead letter, or all that fit. Says what it would do, and asks.')
    .argument('[id]', 'its id; without one, all open ones that fit')
    .option('--payload <json>', 'runs one with another payload, { "type", "data" }')
    .option('--per-second <number>', 'the pace', '10')
    .option('--dry-run', 'only says what it would do')
    .option('--yes', 'does not ask')
    .addOption(jsonOption())
    .addOption(urlOption())
    .addHelpText('after', exitCodes)
    .action(replay);

  chosen(command.command('discard'))
    .description('Discards a dead letter, or all that fit. Says what it would do, and asks.')
    .argument('[id]', 'its id; without one, all open ones that fit')
    .requiredOption('--reason <text>', 'why; stands in the letter and the audit log')
    .option('--dry-run', 'only says what it would do')
    .option('--yes', 'does not ask')
    .addOption(jsonOption())
    .addOption(urlOption())
    .addHelpText('after', exitCodes)
    .action(discard);

  return command;
}

function chosen(command: Command): Command {
  return command
    .option('--queue <queue>', 'those of one queue')
    .option('--job <name>', 'those of one job, such as send-welcome')
    .option('--code <code>', 'those that failed with a code, such as MAIL_UNAVAILABLE')
    .option('--cause <id>', 'those of one cause, as `list` shows it')
    .option('--from <time>', 'failed at this time or later, as 2026-05-01T10:00Z')
    .option('--until <time>', 'failed before this time')
    .option('--words <words>', 'with all these words in their message');
}

type ListOptions = Choice & {
  readonly letters?: true;
  readonly state: string;
  readonly limit: string;
  readonly cursor?: string;
};

async function list(options: ListOptions): Promise<void> {
  const api = await connect(options);
  const { state, limit, cursor } = options;
  if (options.letters !== true && options.cause === undefined && cursor === undefined) {
    const path = withQuery('/api/dead-letters/groups', { ...filterOf(options), state, limit });
    const { groups } = grouped.parse(await api.call('GET', path));
    if (options.json === true) return print(JSON.stringify({ groups }));
    return print(groups.length === 0 ? 'There are no dead letters.' : causes(groups));
  }
  const path = withQuery('/api/dead-letters', { ...filterOf(options), state, limit, cursor });
  const page = listed.parse(await api.call('GET', path));
  if (options.json === true) return print(JSON.stringify(page));
  if (page.deadLetters.length === 0) return print('No dead letter fits.');
  const rows = page.deadLetters.map(({ id, queue, job, state: is, code, message, failedAt }) => [
    moment(failedAt),
    is,
    `${queue}/${job}`,
    id,
    oneLine(`${code}: ${message}`),
  ]);
  print(columns([['FAILED (UTC)', 'STATE', 'JOB', 'ID', 'ERROR'], ...rows]));
  if (page.nextCursor !== null) process.stderr.write(`There are more: --cursor ${page.nextCursor}\n`);
}

type Deed = Choice & { readonly dryRun?: true; readonly yes?: true };
type ReplayOptions = Deed & { readonly payload?: string; readonly perSecond: string };

async function replay(id: string | undefined, options: ReplayOptions): Promise<void> {
  const api = await connect(options);
  if (id === undefined) {
    if (options.payload !== undefined) refuse('--payload is for one dead letter: name its id.');
    const perSecond = Number(options.perSecond);
    return many(api, 'replay', options, {
      perSecond: Number.isNaN(perSecond) ? options.perSecond : perSecond,
    });
  }
  refuseFilter(options);
  if (!(await shown(api, id, 'Replay', options))) return;
  const body = options.payload === undefined ? {} : { payload: parseJson(options.payload) };
  const answer = replayed.parse(await api.call('POST', `${pathOf(id)}/replay`, body));
  print(
    options.json === true
      ? JSON.stringify(answer)
      : `Job ${answer.job.id} of ${answer.job.queue} goes again.`,
  );
}

async function discard(id: string | undefined, options: Deed & { readonly reason: string }): Promise<void> {
  const api = await connect(options);
  const { reason } = options;
  if (id === undefined) return many(api, 'discard', options, { reason });
  refuseFilter(options);
  if (!(await shown(api, id, 'Discard', options))) return;
  const answer = await api.call('DELETE', withQuery(pathOf(id), { reason }));
  print(options.json === true ? JSON.stringify(answer) : 'The dead letter is discarded.');
}

/** Shows one letter and asks; `false` when that was all that was wanted. */
async function shown(api: ApiClient, id: string, deed: string, options: Deed): Promise<boolean> {
  if (options.dryRun !== true && options.yes === true) return true;
  const { deadLetter } = opened.parse(await api.call('GET', pathOf(id)));
  const said = `${deadLetter.queue}/${deadLetter.job} ${deadLetter.jobId}, ${deadLetter.state}: ${oneLine(deadLetter.message)}`;
  if (options.dryRun === true) {
    print(options.json === true ? JSON.stringify({ deadLetter }) : said);
    return false;
  }
  process.stderr.write(`${said}\n`);
  await confirm(`${deed} it?`, false);
  return true;
}

async function many(
  api: ApiClient,
  kind: 'replay' | 'discard',
  options: Deed,
  terms: Readonly<Record<string, unknown>>,
): Promise<void> {
  const path = `/api/dead-letters/${kind}`;
  const wanted = { filter: filterOf(options), ...terms };
  const { preview } = previewed.parse(await api.call('POST', path, { ...wanted, dryRun: true }));
  if (options.dryRun === true) {
    if (options.json === true) return print(JSON.stringify({ preview }));
    return print(
      preview.total === 0 ? 'No open dead letter fits.' : `${preview.total} fit:\n${causes(preview.groups)}`,
    );
  }
  if (preview.total === 0) {
    return print(options.json === true ? JSON.stringify({ preview }) : 'No open dead letter fits.');
  }
  if (options.json !== true) process.stderr.write(`${causes(preview.groups)}\n`);
  await confirm(
    `${kind === 'replay' ? 'Replay' : 'Discard'} ${preview.total} dead letters?`,
    options.yes === true,
  );
  const started = z
    .record(z.string(), operation)
    .parse(await api.call('POST', path, { ...wanted, dryRun: false }));
  const begun = started[kind];
  if (begun === undefined) throw new Error(`${path} answered no ${kind}.`);
  const ended = await watch(api, kind, begun);
  if (options.json === true) print(JSON.stringify(ended));
  if (ended.failed > 0) {
    process.stderr.write(
      `${ended.failed} could not be dealt with and stay open. The last: ${ended.fault ?? ''}\n`,
    );
  }
  if (ended.failed > 0 || ended.state !== 'done')
    throw new CommanderError(1, 'millrace.incomplete', 'incomplete');
}

/** Follows it to its end. A command that is broken off stops nothing: it goes on by itself. */
async function watch(api: ApiClient, kind: string, begun: Operation): Promise<Operation> {
  const draw = progressLine(process.stderr);
  let now = begun;
  for (;;) {
    draw(now.done + now.failed, now.total, now.state);
    if (now.state !== 'running') return now;
    await sleep(pollMs);
    const answer = await api.call('GET', `/api/dead-letters/${kind}s/${begun.id}`);
    now = z.record(z.string(), operation).parse(answer)[kind] ?? now;
  }
}

function causes(groups: readonly z.output<typeof group>[]): string {
  const rows = groups.map(({ count, queue, job, code, message, lastAt, cause }) => [
    String(count),
    `${queue}/${job}`,
    code,
    moment(lastAt),
    cause,
    oneLine(message),
  ]);
  return columns([['LETTERS', 'JOB', 'CODE', 'LAST (UTC)', 'CAUSE', 'MESSAGE'], ...rows]);
}

function describe({ payload, stack, message, ...facts }: z.output<typeof letter>): string {
  const rows = Object.entries(facts).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  const trace = typeof stack === 'string' ? `\n\n${stack}` : '';
  return `${columns(rows)}\n\n${message}\n\n${JSON.stringify(payload, undefined, 2)}${trace}`;
}

function filterOf({ queue, job, code, cause, from, until, words }: Choice): Record<string, string> {
  const filter: Record<string, string> = {};
  for (const [name, value] of Object.entries({ queue, job, code, cause, from, until, words })) {
    if (value !== undefined) filter[name] = value;
  }
  return filter;
}

function refuseFilter(options: Choice): void {
  const [name] = Object.keys(filterOf(options));
  if (name !== undefined) refuse(`--${name} chooses among many: leave it out, or leave the id out.`);
}

function refuse(message: string): never {
  process.stderr.write(`${message}\n`);
  throw new CommanderError(2, 'millrace.wrong', message);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new MillraceError('INVALID_REQUEST', `--payload is no JSON: ${messageOf(error)}.`);
  }
}

function pathOf(id: string): string {
  return `/api/dead-letters/${encodeURIComponent(id)}`;
}
