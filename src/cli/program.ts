import { Command } from 'commander';
import { version } from '../package.ts';
import { addCommand } from './commands/add.ts';
import { deadLettersCommand } from './commands/dead-letters.ts';
import { jobCommand } from './commands/job.ts';
import { mailsCommand } from './commands/mails.ts';
import { addOneJobCommands } from './commands/one-job.ts';
import { passwordCommand } from './commands/password.ts';
import { programCommands } from './commands/programs.ts';
import { queuesCommand } from './commands/queues.ts';
import { addRunAgainCommand } from './commands/run-again.ts';
import { schedulesCommand } from './commands/schedules.ts';
import { tokenCommand } from './commands/token.ts';

/** The command line as it is said to commander; `docs/cli.md` is made of it too. */
export function createProgram(): Command {
  const job = jobCommand().description('Finds jobs, shows, follows and steers them.');
  addOneJobCommands(job);
  addRunAgainCommand(job);
  const program = new Command('millrace')
    .description('Steers a Millrace from the machine on which it is configured.')
    .version(version);
  for (const command of [
    ...programCommands(),
    addCommand(),
    job,
    queuesCommand(),
    deadLettersCommand(),
    schedulesCommand(),
    mailsCommand(),
    tokenCommand(),
    passwordCommand(),
  ]) {
    program.addCommand(command);
  }
  settle(program);
  return program;
}

/** A command has these settings of its own, whatever its parent's are. */
function settle(command: Command): void {
  command.exitOverride().showHelpAfterError();
  for (const each of command.commands) settle(each);
}
