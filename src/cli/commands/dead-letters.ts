import { Command, Option } from 'commander';
import { queueNames } from '../../../queues/index.ts';
import type { DeadLetterQuery } from '../../client/index.ts';
import { readLimit, readPace, readTime } from '../arguments.ts';
import { type AskOptions, asking, askOptions, openClient } from '../client.ts';
import { describeCauses, describeLetter, describeLetters } from '../dead-letter-lines.ts';
import { print } from '../terminal.ts';
import { type Choice, discard, filterOf, replay } from './dead-letters-close.ts';

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
    .addOption(
      new Option('--state <state>', 'those in one state, or all')
        .choices(['open', 'replayed', 'discarded', 'all'])
        .default('open'),
    )
    .option('--limit <number>', 'how many, 1 to 1000', readLimit, 50)
    .option('--cursor <cursor>', 'goes on where a list ended')
    .action(list);

  command
    .command('show')
    .description('Opens a dead letter: its payload, error and stack.')
    .argument('<id>', 'its id, as `list` shows it')
    .action(async (id: string, options: AskOptions) => {
      const client = await openClient(options);
      const letter = await asking(client.deadLetters.get(id));
      print(options.json === true ? JSON.stringify(letter) : describeLetter(letter));
    });

  chosen(command.command('replay'))
    .description('Replays a dead letter, or all that fit. Says what it would do, and asks.')
    .argument('[id]', 'its id; without one, all open ones that fit')
    .option('--payload <json>', 'runs one with another payload, { "type", "data" }')
    .option('--per-second <number>', 'the pace', readPace, 10)
    .option('--dry-run', 'only says what it would do')
    .option('--yes', 'does not ask')
    .addHelpText('after', exitCodes)
    .action(replay);

  chosen(command.command('discard'))
    .description('Discards a dead letter, or all that fit. Says what it would do, and asks.')
    .argument('[id]', 'its id; without one, all open ones that fit')
    .requiredOption('--reason <text>', 'why; stands in the letter and the audit log')
    .option('--dry-run', 'only says what it would do')
    .option('--yes', 'does not ask')
    .addHelpText('after', exitCodes)
    .action(discard);

  for (const each of command.commands) for (const option of askOptions()) each.addOption(option);
  return command;
}

function chosen(command: Command): Command {
  return command
    .addOption(new Option('--queue <queue>', 'those of one queue').choices(queueNames))
    .option('--job <name>', 'those of one job, such as send-welcome')
    .option('--code <code>', 'those that failed with a code, such as MAIL_UNAVAILABLE')
    .option('--cause <id>', 'those of one cause, as `list` shows it')
    .option('--from <time>', 'failed at this time or later, as 2026-05-01T10:00Z', readTime)
    .option('--until <time>', 'failed before this time', readTime)
    .option('--words <words>', 'with all these words in their message');
}

type ListOptions = Choice & {
  readonly letters?: true;
  readonly state: NonNullable<DeadLetterQuery['state']>;
  readonly limit: number;
  readonly cursor?: string;
};

async function list(options: ListOptions): Promise<void> {
  const { deadLetters } = await openClient(options);
  const { state, limit, cursor, json } = options;
  const query = { ...filterOf(options), state, limit };
  if (options.letters !== true && options.cause === undefined && cursor === undefined) {
    const groups = await asking(deadLetters.groups(query));
    if (json === true) return print(JSON.stringify({ groups }));
    return print(groups.length === 0 ? 'There are no dead letters.' : describeCauses(groups));
  }
  const page = await asking(deadLetters.list({ ...query, ...(cursor === undefined ? {} : { cursor }) }));
  if (json === true) return print(JSON.stringify(page));
  print(page.deadLetters.length === 0 ? 'No dead letter fits.' : describeLetters(page.deadLetters));
  if (page.nextCursor !== null) process.stderr.write(`There are more: --cursor ${page.nextCursor}\n`);
}
