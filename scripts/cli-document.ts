import type { Command } from 'commander';
import { createProgram } from '../src/cli/program.ts';

/** `docs/cli.md`, of what commander is told. */
export function cliDocument(note: string): string {
  return `${note}

# The command line

\`npm run millrace -- <command>\` in a checkout, \`millrace <command>\` where the package is installed. Answers go to stdout, faults and progress to stderr; at a terminal that is too narrow for a table its rows stand as cards. \`--json\` gives what a script reads; with \`job tail\` and
\`add --wait\` that is a line for each event. Commands that ask the platform sign a token with its own \`JWT_SECRET\`, as an operator.

| exit code | means |
| --- | --- |
| 0 | done |
| 1 | refused or failed; stderr says why, with the code of \`docs/errors.md\` |
| 2 | asked wrongly, or not confirmed where nobody could be asked |
| 3 | a person said no |
| 4 | the job that was followed has failed or was cancelled |
| 5 | the job that was followed has not ended in time; it goes on |
| 130 | stopped by Ctrl-C |

${leavesOf(createProgram(), []).map(section).join('\n\n')}
`;
}

interface Leaf {
  readonly words: readonly string[];
  readonly command: Command;
}

function leavesOf(command: Command, above: readonly string[]): Leaf[] {
  const words = [...above, command.name()];
  if (command.commands.length === 0) return [{ words, command }];
  return command.commands.flatMap((each) => leavesOf(each, words));
}

function section({ words, command }: Leaf): string {
  const rows = [
    ...command.registeredArguments.map((argument) => {
      const { required, description, variadic } = argument;
      const shown = `${argument.name()}${variadic ? '...' : ''}`;
      return [required ? `<${shown}>` : `[${shown}]`, description];
    }),
    ...command.options.map(({ flags, description, defaultValue, argChoices, mandatory }) => [
      flags,
      `${description}${argChoices === undefined ? '' : `: ${argChoices.join(', ')}`}${defaultValue === undefined ? '' : ` (${String(defaultValue)})`}${mandatory ? '; must be given' : ''}`,
    ]),
  ];
  const table = rows.map(([name, meaning]) => `| \`${name}\` | ${meaning} |`).join('\n');
  return `## ${words.join(' ')}\n\n${command.description()}${rows.length === 0 ? '' : `\n\n| | |\n| --- | --- |\n${table}`}`;
}
