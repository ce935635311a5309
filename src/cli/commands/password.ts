import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { Command } from 'commander';
import { hashPasswordToKeep } from '../../access/passwords.ts';
import { MillraceError } from '../../errors/catalogue.ts';

const shortest = 8;

/** `millrace password`: the hash that may stand in ADMIN_PASSWORD in the password's place. */
export function passwordCommand(): Command {
  return new Command('password')
    .description('Reads a password and prints its hash, for ADMIN_PASSWORD.')
    .action(async () => {
      const password = await readPassword();
      if (password.length < shortest) {
        throw new MillraceError('INVALID_REQUEST', `A password has at least ${shortest} characters.`);
      }
      process.stdout.write(`${hashPasswordToKeep(password)}\n`);
    });
}

/** The first line of stdin; at a terminal it is asked for and not shown. */
async function readPassword(): Promise<string> {
  const { stdin } = process;
  if (stdin.isTTY) process.stderr.write('Password: ');
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: stdin, output: nowhere, terminal: stdin.isTTY });
  try {
    for await (const line of lines) return line;
    return '';
  } finally {
    lines.close();
    if (stdin.isTTY) process.stderr.write('\n');
  }
}
