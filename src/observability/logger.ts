import pino from 'pino';
import pretty from 'pino-pretty';
import { type Redact, redactedPaths } from './redaction.ts';

export type Logger = pino.Logger;

export interface LoggerOptions {
  readonly level: string;
  readonly serviceName: string;
  /** One JSON object a line in production, readable lines otherwise. */
  readonly readable: boolean;
  readonly redact: Redact;
}

/** The process's logger. Messages, stacks and named fields leave without secrets. */
export function createLogger({ level, serviceName, readable, redact }: LoggerOptions): Logger {
  const options: pino.LoggerOptions = {
    level,
    base: { service: serviceName },
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: redactedPaths, censor: '[redacted]' },
    formatters: { level: (label) => ({ level: label }) },
    serializers: { err: (error: unknown) => scrub(error, redact) },
  };
  if (!readable) return pino(options, pino.destination({ dest: 1, sync: false }));
  return pino(
    options,
    pretty({
      sync: true,
      colorize: process.stdout.isTTY,
      ignore: 'service,pid,hostname',
      translateTime: 'SYS:HH:MM:ss',
    }),
  );
}

/** A logger for tests and tools that says nothing. */
export function silentLogger(): Logger {
  return pino({ level: 'silent' });
}

function scrub(error: unknown, redact: Redact): unknown {
  if (!(error instanceof Error)) return error;
  const code =
    'code' in error && (typeof error.code === 'string' || typeof error.code === 'number')
      ? error.code
      : undefined;
  return { type: error.name, code, message: redact(error.message), stack: redact(error.stack ?? '') };
}
