import type { AlertNotice } from '../database/port.ts';

/** One line for a subject or a chat. */
export function headline({ what, message }: AlertNotice): string {
  return what === 'raised' ? message : `Well again: ${message}`;
}

/** How long it was wrong, for the notice that it is well again. */
export function lasted({ raisedAt, resolvedAt }: AlertNotice): string | undefined {
  if (resolvedAt === undefined) return undefined;
  const minutes = Math.round((resolvedAt.getTime() - raisedAt.getTime()) / 60_000);
  return minutes < 1 ? 'less than a minute' : minutes === 1 ? '1 minute' : `${minutes} minutes`;
}
