import { CommanderError } from 'commander';
import type {
  DeadLetterFilter,
  DeadLetterOperation,
  DeadLetterPreview,
  DeadLetters,
} from '../../client/index.ts';
import { MillraceError } from '../../errors/catalogue.ts';
import { messageOf } from '../../errors/classify.ts';
import { type AskOptions, asking, openClient } from '../client.ts';
import { describeCauses, describeInShort } from '../dead-letter-lines.ts';
import { confirm, onInterrupt, print, progressLine } from '../terminal.ts';

/** What letters are chosen by. */
export type Choice = AskOptions & {
  readonly queue?: string;
  readonly job?: string;
  readonly code?: string;
  readonly cause?: string;
  readonly from?: Date;
  readonly until?: Date;
  readonly words?: string;
};

type Deed = Choice & { readonly dryRun?: true; readonly yes?: true };

export async function replay(
  id: string | undefined,
  options: Deed & { readonly payload?: string; readonly perSecond: number },
): Promise<void> {
  const { payload, perSecond } = options;
  if (id === undefined) {
    if (payload !== undefined) refuse('--payload is for one dead letter: name its id.');
    return many(options, {
      question: 'Replay',
      preview: (letters, filter) => letters.previewReplay(filter),
      begin: (letters, filter) => letters.replayAll(filter, { perSecond }),
    });
  }
  refuseFilter(options);
  const edited = payload === undefined ? {} : { payload: parseJson(payload) };
  const { deadLetters } = await openClient(options);
  if (!(await shown(deadLetters, id, 'Replay', options))) return;
  const job = await asking(deadLetters.replay(id, edited));
  print(options.json === true ? JSON.stringify({ job }) : `Job ${job.id} of ${job.queue} goes again.`);
}

export async function discard(
  id: string | undefined,
  options: Deed & { readonly reason: string },
): Promise<void> {
  const { reason } = options;
  if (id === undefined) {
    return many(options, {
      question: 'Discard',
      preview: (letters, filter) => letters.previewDiscard(filter, { reason }),
      begin: (letters, filter) => letters.discardAll(filter, { reason }),
    });
  }
  refuseFilter(options);
  const { deadLetters } = await openClient(options);
  if (!(await shown(deadLetters, id, 'Discard', options))) return;
  const deadLetter = await asking(deadLetters.discard(id, { reason }));
  print(options.json === true ? JSON.stringify({ deadLetter }) : 'The dead letter is discarded.');
}

/** Shows one letter and asks; `false` when that was all that was wanted. */
async function shown(letters: DeadLetters, id: string, deed: string, options: Deed): Promise<boolean> {
  if (options.dryRun !== true && options.yes === true) return true;
  const deadLetter = await asking(letters.get(id));
  const said = describeInShort(deadLetter);
  if (options.dryRun === true) {
    print(options.json === true ? JSON.stringify({ deadLetter }) : said);
    return false;
  }
  process.stderr.write(`${said}\n`);
  await confirm(`${deed} it?`, false);
  return true;
}

/** What is done with all letters that fit. */
interface ManyDeed {
  readonly question: 'Replay' | 'Discard';
  preview(letters: DeadLetters, filter: DeadLetterFilter): Promise<DeadLetterPreview>;
  begin(letters: DeadLetters, filter: DeadLetterFilter): Promise<DeadLetterOperation>;
}

async function many(options: Deed, deed: ManyDeed): Promise<void> {
  const filter = filterOf(options);
  const { deadLetters } = await openClient(options);
  const preview = await asking(deed.preview(deadLetters, filter));
  const nothing = preview.total === 0;
  if (options.dryRun === true || nothing) {
    if (options.json === true) return print(JSON.stringify({ preview }));
    const causes = describeCauses(preview.groups);
    return print(nothing ? 'No open dead letter fits.' : `${preview.total} fit:\n${causes}`);
  }
  if (options.json !== true) process.stderr.write(`${describeCauses(preview.groups)}\n`);
  await confirm(`${deed.question} ${preview.total} dead letters?`, options.yes === true);
  const draw = progressLine(process.stderr);
  const begun = await asking(deed.begin(deadLetters, filter));
  const undo = onInterrupt(
    `The platform goes on with it by itself. See it, and stop it, in the console under Dead letters; it is ${begun.id}.`,
  );
  const ended = await asking(
    deadLetters.follow(begun, {
      onProgress: ({ done, failed, total, state }) => draw(done + failed, total, state),
    }),
  ).finally(undo);
  if (options.json === true) print(JSON.stringify(ended));
  if (ended.failed > 0) {
    process.stderr.write(
      `${ended.failed} could not be dealt with and stay open. The last: ${ended.fault ?? ''}\n`,
    );
  }
  if (ended.failed > 0 || ended.state !== 'done')
    throw new CommanderError(1, 'millrace.incomplete', 'incomplete');
}

export function filterOf({ queue, job, code, cause, from, until, words }: Choice): DeadLetterFilter {
  return {
    ...(queue === undefined ? {} : { queue }),
    ...(job === undefined ? {} : { job }),
    ...(code === undefined ? {} : { code }),
    ...(cause === undefined ? {} : { cause }),
    ...(from === undefined ? {} : { from }),
    ...(until === undefined ? {} : { until }),
    ...(words === undefined ? {} : { words }),
  };
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
