#!/usr/bin/env node
import { CommanderError } from 'commander';
import { secretsOf } from '../../config/index.ts';
import { ClientError, WaitTimeoutError } from '../client/index.ts';
import { MillraceError } from '../errors/catalogue.ts';
import { messageOf } from '../errors/classify.ts';
import { createRedactor } from '../observability/redaction.ts';
import { exitCodeOf } from './exit-code.ts';
import { jobExitCodes } from './follow.ts';
import { createProgram } from './program.ts';

/** The command line. Answers go to stdout, faults to stderr; `docs/cli.md` says what each exit code means. */
createProgram()
  .parseAsync()
  .catch((error: unknown) => {
    if (error instanceof CommanderError) {
      // It has written what there is to say.
      process.exitCode = exitCodeOf(error);
      return;
    }
    const coded = error instanceof MillraceError || error instanceof ClientError;
    const text = coded ? `${error.code}: ${error.message}` : messageOf(error);
    process.stderr.write(`${createRedactor(secretsOf())(text)}\n`);
    process.exitCode = error instanceof WaitTimeoutError ? jobExitCodes.late : 1;
  });
