#!/usr/bin/env node
import { secretsOf } from '../../config/index.ts';
import { createRedactor } from '../observability/redaction.ts';
import { exitCodeOf, faultText } from './exit-code.ts';
import { createProgram } from './program.ts';

/** The command line. Answers go to stdout, faults to stderr; `docs/cli.md` says what each exit code means. */
createProgram()
  .parseAsync()
  .catch((error: unknown) => {
    process.stderr.write(createRedactor(secretsOf())(faultText(error)));
    process.exitCode = exitCodeOf(error);
  });
