#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { secretsOf } from '../../config/index.ts';
import { MillraceError } from '../errors/catalogue.ts';
import { messageOf } from '../errors/classify.ts';
import { createRedactor } from '../observability/redaction.ts';
import { version } from '../package.ts';
import { deadLettersCommand } from './commands/dead-letters.ts';
import { jobCommand } from './commands/job.ts';
import { passwordCommand } from './commands/password.ts';
import { schedulesCommand } from './commands/schedules.ts';
import { tokenCommand } from './commands/token.ts';

/** The command line. Answers go to stdout, faults to stderr; the exit code is 1, or 2 when it was asked wrongly; commands name others. */
const program = new Command('millrace')
  .description('Steers a Millrace from the machine on which it is configured.')
  .version(version)
  .addCommand(jobCommand())
  .addCommand(deadLettersCommand())
  .addCommand(schedulesCommand())
  .addCommand(tokenCommand())
  .addCommand(passwordCommand());

/** A command has these settings of its own, whatever its parent's are. */
function settle(command: Command): void {
  command.exitOverride().showHelpAfterError();
  for (const each of command.commands) settle(each);
}

settle(program);
program.parseAsync().catch((error: unknown) => {
  if (error instanceof CommanderError) {
    // It has written what there is to say.
    process.exitCode = error.code.startsWith('millrace.') ? error.exitCode : error.exitCode === 0 ? 0 : 2;
    return;
  }
  const text = error instanceof MillraceError ? `${error.code}: ${error.message}` : messageOf(error);
  process.stderr.write(`${createRedactor(secretsOf())(text)}\n`);
  process.exitCode = 1;
});
