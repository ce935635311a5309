/** How long a job waits that has found no server, in ms; it may be away for as long as it likes, at no cost of an attempt. */
export const awayMs = 5_000;

/** Codes of Node's network layer for a connection that was never made, so that nothing can have been done over it. */
const noConnection: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Whether an error says that nobody was there to connect to. */
export function foundNobody(error: unknown): boolean {
  return error instanceof Error && 'code' in error && noConnection.has(String(error.code));
}
