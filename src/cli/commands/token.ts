import { userInfo } from 'node:os';
import { Command, Option } from 'commander';
import type { z } from 'zod';
import { type Config, loadConfig } from '../../../config/index.ts';
import { ApiTokens, tokenRequest } from '../../access/api-tokens.ts';
import type { AuditAction } from '../../access/audit-actions.ts';
import { AuditTrail } from '../../access/audit-trail.ts';
import { roles } from '../../access/roles.ts';
import { createTokens } from '../../access/tokens.ts';
import { developmentSecret } from '../../composition/development.ts';
import { MillraceError } from '../../errors/catalogue.ts';
import { faultsOf } from '../../errors/faults.ts';
import type { ApiToken, AuditDetail } from '../../integrations/database/port.ts';
import { createLogger } from '../../observability/logger.ts';
import { createRedactor } from '../../observability/redaction.ts';
import { table } from '../tables.ts';
import { moment, print } from '../terminal.ts';

/** `millrace token …`: goes to the database itself, since a first token has to come from somewhere. */
export function tokenCommand(): Command {
  const json = () => new Option('--json', 'answer as JSON');
  const command = new Command('token').description('Makes, lists and revokes API tokens.');

  command
    .command('create')
    .description('Makes a token and prints it, this once. It is kept nowhere.')
    .addOption(new Option('--role <role>', 'what it may do').choices(roles).makeOptionMandatory())
    .requiredOption('--subject <name>', 'who will use it, such as ci: stands in the audit log')
    .option('--ttl <time>', 'how long it is good for: 30m, 12h, 90d; 366d at most', '90d')
    .addOption(json())
    .action(async (options: { role: string; subject: string; ttl: string; json?: true }) => {
      const { role, subject, ttl } = options;
      const wanted = parseOptions({ role, subject, ttl });
      const { token, secret } = await withTokens('token.create', 'token:new', (tokens, by, note) =>
        tokens.create(wanted, by).then((made) => {
          note({ token: made.token.id, subject, role });
          return made;
        }),
      );
      if (options.json === true) return print(JSON.stringify({ token, secret }));
      process.stderr.write(
        `${describe(token)}\nSend it as "Authorization: Bearer <token>". It is not shown again:\n`,
      );
      print(secret);
    });

  command
    .command('list')
    .description('Lists the tokens, the newest first.')
    .option('--subject <name>', 'those of one user')
    .addOption(json())
    .action(async (options: { subject?: string; json?: true }) => {
      const tokens = await withTokens(undefined, '', (each) => allTokens(each, options.subject));
      if (options.json === true) return print(JSON.stringify(tokens));
      print(
        tokens.length === 0
          ? 'There are no tokens. Make one: millrace token create --role operator --subject <name>'
          : describeAll(tokens),
      );
    });

  command
    .command('revoke')
    .description('Revokes a token. Every process refuses it within seconds.')
    .argument('<id>', 'its id, as `millrace token list` shows it')
    .addOption(json())
    .action(async (id: string, options: { json?: true }) => {
      const token = await withTokens('token.revoke', `token:${id}`, (tokens, by) => tokens.revoke(id, by));
      print(options.json === true ? JSON.stringify(token) : describe(token));
    });

  return command;
}

type Note = (detail: AuditDetail) => void;

/** Opens what tokens need, does the work under an audit entry if it is a change, and closes all again. */
async function withTokens<T>(
  action: AuditAction | undefined,
  object: string,
  work: (tokens: ApiTokens, by: string, note: Note) => Promise<T>,
): Promise<T> {
  const config = loadConfig();
  const closers: (() => Promise<unknown>)[] = [];
  const log = createLogger({
    level: 'warn',
    serviceName: 'millrace',
    readable: true,
    redact: createRedactor(),
  });
  try {
    // Loaded when it is needed: most commands ask the platform, and no database.
    const { openTables } = await import('../../composition/tables.ts');
    const { database } = await openTables(config, log, closers);
    const tokens = new ApiTokens(database.access.tokens, createTokens(await secretOf(config)));
    const by = `cli:${userInfo().username}`;
    if (action === undefined) return await work(tokens, by, () => undefined);
    const trail = new AuditTrail(database.audit, log);
    closers.push(() => trail.settled());
    const entry = { subject: by, via: 'cli', action, object, correlationId: `cli-${process.pid}` } as const;
    return await trail.during(entry, (note) => work(tokens, by, note));
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

async function secretOf(config: Config): Promise<string> {
  return config.auth.jwtSecret ?? (await developmentSecret(config.dataDir));
}

async function allTokens(tokens: ApiTokens, subject: string | undefined): Promise<ApiToken[]> {
  const all: ApiToken[] = [];
  for (let before: string | undefined; ; ) {
    const page = await tokens.list({ subject, before }, 500);
    all.push(...page);
    before = page.at(-1)?.cursor;
    if (page.length < 500) return all;
  }
}

function parseOptions(options: unknown): z.output<typeof tokenRequest> {
  const parsed = tokenRequest.safeParse(options);
  if (parsed.success) return parsed.data;
  const faults = faultsOf(parsed.error.issues);
  const text = faults.map(({ path, message }) => `--${path} ${message}`).join('; ');
  throw new MillraceError('INVALID_REQUEST', text, { details: faults });
}

function describe({ id, subject, role, createdBy, expiresAt, revokedAt, revokedBy }: ApiToken): string {
  const end =
    revokedAt === undefined
      ? `good until ${expiresAt.toISOString().slice(0, 16).replace('T', ' ')} UTC`
      : `revoked by ${revokedBy}`;
  return `${id}  ${role.padEnd(8)}  ${subject.padEnd(16)}  ${end}, made by ${createdBy}`;
}

function describeAll(tokens: readonly ApiToken[]): string {
  const now = Date.now();
  const rows = tokens.map(({ id, role, subject, createdBy, createdAt, expiresAt, revokedAt, revokedBy }) => [
    id,
    role,
    subject,
    revokedAt === undefined ? (expiresAt.getTime() > now ? 'good' : 'expired') : `revoked by ${revokedBy}`,
    moment(expiresAt.toISOString()),
    moment(createdAt.toISOString()),
    createdBy,
  ]);
  return table(['TOKEN', 'ROLE', 'SUBJECT', 'STATE', 'EXPIRES (UTC)', 'MADE (UTC)', 'BY'], rows);
}
