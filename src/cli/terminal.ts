import { createInterface } from 'node:readline/promises';
import { CommanderError } from 'commander';

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Rows under each other in columns; the last one is as wide as it is. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, cell.length);
  }
  return rows
    .map((row) =>
      row
        .map((cell, index) => (index === row.length - 1 ? cell : cell.padEnd(widths[index] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** `2026-11-25 03:04:05`, in UTC. */
export function moment(text: string | undefined): string {
  return text === undefined ? '-' : text.slice(0, 19).replace('T', ' ');
}

export function oneLine(text: string, longest = 100): string {
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length > longest ? `${line.slice(0, longest - 1)}…` : line;
}

/**
 * Asks before something is done; a yes in advance is none to ask for.
 * @throws CommanderError with exit code 2 where nobody is there to answer, and 3 when they said no.
 */
export async function confirm(question: string, yes: boolean): Promise<void> {
  if (yes) return;
  if (!process.stdin.isTTY) {
    process.stderr.write(`${question} Nothing was done: say --yes to have it done.\n`);
    throw new CommanderError(2, 'millrace.unconfirmed', 'not confirmed');
  }
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await lines.question(`${question} [y/N] `);
    if (/^y(es)?$/i.test(answer.trim())) return;
  } finally {
    lines.close();
  }
  process.stderr.write('Nothing was done.\n');
  throw new CommanderError(3, 'millrace.declined', 'declined');
}

/** As shells count a command that SIGINT has ended. */
export const interruptedCode = 130;

/** Until it is undone, Ctrl-C says what becomes of the work that was watched, and ends the command with 130. */
export function onInterrupt(text: string): () => void {
  const end = () => {
    process.stderr.write(`\n${text}\n`);
    process.exit(interruptedCode);
  };
  process.on('SIGINT', end);
  return () => process.off('SIGINT', end);
}

const barWidth = 30;

/** Draws how far something has come: over the last line at a terminal, a line for each tenth elsewhere. */
export function progressLine(out: NodeJS.WriteStream): (done: number, total: number, note: string) => void {
  let tenth = -1;
  return (done, total, note) => {
    const share = total === 0 ? 1 : Math.min(1, done / total);
    const filled = Math.round(share * barWidth);
    const line = `[${'#'.repeat(filled)}${'.'.repeat(barWidth - filled)}] ${done} of ${total} ${note}`;
    if (out.isTTY) out.write(`\r\u001b[K${line}${note === 'running' ? '' : '\n'}`);
    else if (Math.floor(share * 10) > tenth || note !== 'running') out.write(`${line}\n`);
    tenth = Math.floor(share * 10);
  };
}
