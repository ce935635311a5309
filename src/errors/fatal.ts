import { MillraceError } from './catalogue.ts';
import { messageOf } from './classify.ts';

/** What a process that cannot start prints: a fault of ours has a sentence for whoever must act, another needs its stack. */
export function fatalText(error: unknown): string {
  if (error instanceof MillraceError) return `${error.code}: ${error.message}`;
  return (error instanceof Error ? error.stack : undefined) ?? messageOf(error);
}
