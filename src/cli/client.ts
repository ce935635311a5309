import type { Option } from 'commander';
import { type Client, createClient, UnansweredError } from '../client/index.ts';
import { MillraceError } from '../errors/catalogue.ts';
import { type ConnectionOptions, jsonOption, urlOption, wayIn } from './connection.ts';

export interface AskOptions extends ConnectionOptions {
  readonly json?: true;
}

/** What every command has that asks the platform. */
export function askOptions(): readonly Option[] {
  return [jsonOption(), urlOption()];
}

/** The Millrace that is configured here, as an operator, through the typed client. */
export async function openClient(options: AskOptions): Promise<Client> {
  const { base, token } = await wayIn(options);
  // A person is waiting: better said soon that nobody answers.
  return createClient({ url: base, token, tries: 3 });
}

/** Says what to do when nobody answers. */
export async function asking<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof UnansweredError)) throw error;
    const message = `${error.message} Start Millrace with \`npm start\`, or say where it is with --url.`;
    throw new MillraceError('NOT_READY', message, { cause: error });
  }
}
