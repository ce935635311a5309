/**
 * Anything that runs for a while. Starting or stopping twice is harmless; `stop` resolves when the service has really
 * stopped, and also ends a start that is under way.
 */
export interface Service {
  readonly name: string;
  start(): Promise<void>;
  stop(): Promise<void>;
}
