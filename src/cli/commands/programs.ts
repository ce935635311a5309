import { Command } from 'commander';
import { jsonOption } from '../connection.ts';

interface Options {
  readonly json?: true;
}

/** What also runs as `npm run <name>`, and needs much that other commands do not: it is loaded when it is asked for. */
export function programCommands(): Command[] {
  return [
    new Command('start')
      .description('Starts the platform, with the roles of ROLE; Ctrl-C drains it.')
      .action(() => load(import('../../main.ts'))),
    new Command('demo')
      .description('Runs one of each job with sample data, on the platform that is up or one of its own.')
      .action(() => load(import('../demo.ts'))),
    new Command('migrate')
      .description('Brings the database to this version. A start does the same by itself.')
      .addOption(jsonOption())
      .action(async (options: Options) => (await import('../migrate.ts')).migrateDatabase(options)),
    new Command('doctor')
      .description(
        'Looks at all that a start needs and says what to do; ends with 1 when a start would be refused.',
      )
      .addOption(jsonOption())
      .action(async (options: Options) => (await import('../doctor.ts')).doctor(options)),
  ];
}

/** A program of its own: loaded, it runs and sets the exit code itself. */
async function load(program: Promise<unknown>): Promise<void> {
  await program;
}
