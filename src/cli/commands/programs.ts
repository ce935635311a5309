import { Command } from 'commander';

/**
 * What is a program of its own, and also runs as `npm run <name>`: loaded when it is asked for, it runs and sets the exit
 * code itself.
 */
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
      .action(() => load(import('../migrate.ts'))),
    new Command('doctor')
      .description(
        'Looks at all that a start needs and says what to do; ends with 1 when a start would be refused.',
      )
      .action(() => load(import('../doctor.ts'))),
  ];
}

async function load(program: Promise<unknown>): Promise<void> {
  await program;
}
