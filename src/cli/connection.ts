import { userInfo } from 'node:os';
import { Option } from 'commander';
import { loadConfig } from '../../config/index.ts';
import { createTokens } from '../access/tokens.ts';
import { developmentSecret } from '../composition/development.ts';
import { MillraceError } from '../errors/catalogue.ts';
import { type ApiClient, createApiClient, isReady } from './api-client.ts';

/** A token for what one command does; following a long job is the longest. */
const tokenMs = 12 * 60 * 60_000;

export interface ConnectionOptions {
  readonly url?: string;
}

export function urlOption(): Option {
  return new Option('--url <address>', 'of the Millrace to ask; the one of this machine when absent');
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

/** Its API. @throws MillraceError NOT_READY when nothing answers there. */
export async function connect(options: ConnectionOptions): Promise<ApiClient> {
  const { base, token } = await wayIn(options);
  if (await isReady(base)) return createApiClient(base, token);
  throw new MillraceError(
    'NOT_READY',
    `No Millrace answers at ${base}. Start it with \`npm start\`, or say where it is with --url.`,
  );
}

/** An address with a query; what is absent is left out. */
export function withQuery(path: string, query: Readonly<Record<string, string | undefined>>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, value);
  const text = search.toString();
  return text === '' ? path : `${path}?${text}`;
}
