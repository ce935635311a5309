import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { auditCsv } from '../../access/audit-csv.ts';
import { auditFilterOf, auditQuery } from '../../access/audit-query.ts';
import type { AuditLog, AuditRecord } from '../../integrations/database/port.ts';
import { type Route, reply, route } from '../route.ts';
import { time } from '../schemas/fields.ts';
import { nextCursor, pageLimit, rowCursor } from '../schemas/paging.ts';

const tag = 'Audit log';

const auditEntry = z
  .object({
    id: z.string(),
    at: time,
    subject: z.string().describe('Who acted, or tried to'),
    name: z.string().nullable().describe('The name that an identity provider gives'),
    role: z.string().nullable().describe('`null` when nobody had been let in'),
    via: z.string().describe('How they had proved who they are'),
    action: z.string(),
    object: z.string().describe('On what, as `<kind>:<id>`'),
    outcome: z.string().nullable().describe('`null` while it goes on, and when its process died'),
    address: z.string().nullable(),
    userAgent: z.string().nullable(),
    correlationId: z.string(),
    detail: z.record(z.string(), z.unknown()).nullable(),
  })
  .meta({ id: 'AuditEntry' });

/** The audit log: listed, and exported. */
export function auditRoutes(log: AuditLog): Route[] {
  const list = route({
    method: 'get',
    path: '/audit',
    tag,
    permission: 'audit.read',
    summary: 'List what was done, the newest first',
    query: auditQuery.extend({ cursor: rowCursor.optional(), limit: pageLimit }),
    answers: { 200: z.object({ entries: z.array(auditEntry), nextCursor }) },
    async handle({ query: { cursor, limit, ...filter } }) {
      const found = await log.list({ ...auditFilterOf(filter), before: cursor }, limit + 1);
      const entries = found.slice(0, limit);
      const next = found.length > limit ? (entries.at(-1)?.id ?? null) : null;
      return reply(200, { entries: entries.map(viewEntry), nextCursor: next });
    },
  });

  const csv = route({
    method: 'get',
    path: '/audit.csv',
    tag,
    permission: 'audit.read',
    summary: 'Export what was done as CSV',
    description:
      'All entries that fit, the newest first, however many. That somebody exported them stands in the log.',
    query: auditQuery,
    answers: { 200: { contentType: 'text/csv', description: 'The entries, with a header' } },
    audit: { action: 'audit.export', object: () => 'audit:log' },
    async handle({ query, response }) {
      response.attachment('audit.csv').type('csv');
      await pipeline(Readable.from(auditCsv(log, auditFilterOf(query))), response);
      return undefined;
    },
  });

  return [list, csv];
}

function viewEntry({ name, role, outcome, address, userAgent, detail, ...entry }: AuditRecord) {
  return {
    ...entry,
    name: name ?? null,
    role: role ?? null,
    outcome: outcome ?? null,
    address: address ?? null,
    userAgent: userAgent ?? null,
    detail: detail === undefined ? null : { ...detail },
  };
}
