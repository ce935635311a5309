import { userInfo } from 'node:os';
import { Option } from 'commander';
import { loadConfig } from '../../config/index.ts';
import { createTokens } from '../access/tokens.ts';
import { developmentSecret } from '../composition/development.ts';
import { readUrl } from './arguments.ts';

/** A token for what one command does; following a long job is the longest. */
const tokenMs = 12 * 60 * 60_000;

export interface ConnectionOptions {
  readonly url?: string;
}

export function urlOption(): Option {
  return new Option(
    '--url <address>',
    'of the Millrace to ask; the one of this machine when absent',
  ).argParser(readUrl);
}

export function jsonOption(): Option {
  return new Option('--json', 'answer as JSON');
}

/** Where the Millrace is that is configured here, and a token for an operator, signed with its secret. */
export async function wayIn({ url }: ConnectionOptions): Promise<{ base: string; token: string }> {
  const config = loadConfig();
  const base = (url ?? `http://127.0.0.1:${config.http.port}`).replace(/\/+$/, '');
  const secret = config.auth.jwtSecret ?? (await developmentSecret(config.dataDir));
  const token = await createTokens(secret).issue(
    { subject: `cli:${userInfo().username}`, role: 'operator' },
    new Date(Date.now() + tokenMs),
  );
  return { base, token };
}
