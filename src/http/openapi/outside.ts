import { z } from 'zod';
import type { Operation } from '../route.ts';
import { fileAddress, fileSignature } from '../routes/files.ts';
import { unsubscribeAddress } from '../routes/unsubscribe.ts';
import { errorAnswer } from './errors.ts';

/** What is mounted outside of `/api`, and the document and its page: no token is asked for. Pages of `/admin` are no API. */

const component = z
  .union([
    z.object({
      state: z.literal('up'),
      latencyMs: z.number(),
      details: z.record(z.string(), z.unknown()).optional(),
    }),
    z.object({ state: z.literal('down'), latencyMs: z.number(), error: z.string() }),
  ])
  .meta({ id: 'HealthComponent' });

const health = z
  .object({ status: z.enum(['up', 'down']), components: z.record(z.string(), component) })
  .meta({ id: 'Health' });

const healthOperations: readonly Operation[] = [
  {
    method: 'get',
    path: '/health',
    tag: 'Health',
    summary: 'See every component with its latency',
    answers: {
      200: health,
      503: {
        contentType: 'application/json',
        description: 'Something is not well; `data` says what',
        schema: errorAnswer.extend({ data: health }).meta({ id: 'Unwell' }),
      },
    },
  },
  {
    method: 'get',
    path: '/health/live',
    tag: 'Health',
    summary: 'Whether the process runs',
    answers: { 200: z.object({ status: z.literal('up') }) },
  },
  {
    method: 'get',
    path: '/health/ready',
    tag: 'Health',
    summary: 'Whether the process takes work',
    description: 'Red while it starts and while it drains.',
    answers: { 200: z.object({ status: z.literal('ready') }) },
    errors: ['NOT_READY'],
  },
  {
    method: 'get',
    path: '/metrics',
    tag: 'Health',
    summary: 'What Prometheus scrapes',
    description: 'Also on `METRICS_PORT`; `docs/metrics.md` lists the metrics.',
    answers: { 200: { contentType: 'text/plain', description: 'The text format of Prometheus' } },
  },
];

const linkOperations: readonly Operation[] = [
  {
    method: 'get',
    path: '/files/{id}/{fileName}',
    tag: 'Documents',
    summary: 'Fetch a document by its link',
    description: 'The link comes from `GET /api/documents/{id}` and is all that is asked for.',
    params: fileAddress,
    query: fileSignature,
    answers: {
      200: { contentType: '*/*', description: 'The file itself' },
      302: { description: 'The file is at `Location`, for a minute: where the storage has links of its own' },
    },
    errors: ['FORBIDDEN', 'DOCUMENT_NOT_FOUND', 'DATABASE_UNAVAILABLE', 'STORAGE_FAILED'],
  },
  {
    method: 'get',
    path: '/unsubscribe/{token}',
    tag: 'Mail',
    summary: 'Ask a person whether they want no more mail of a kind',
    params: unsubscribeAddress,
    answers: { 200: { contentType: 'text/html', description: 'A page with a button' } },
    errors: ['FORBIDDEN'],
  },
  {
    method: 'post',
    path: '/unsubscribe/{token}',
    tag: 'Mail',
    summary: 'End one kind of mail to a person',
    description:
      'For the button of that page, and for the one click of mail programs (RFC 8058). Again is harmless.',
    params: unsubscribeAddress,
    answers: { 200: { contentType: 'text/html', description: 'A page that says so' } },
    errors: ['FORBIDDEN', 'DATABASE_UNAVAILABLE'],
  },
  {
    method: 'post',
    path: '/webhooks/sendgrid',
    tag: 'Mail',
    summary: 'Take delivery events of SendGrid',
    description:
      'Signed by SendGrid (its event webhook, signature version 3); closed while SENDGRID_WEBHOOK_PUBLIC_KEY is not set.',
    headers: z.object({
      'X-Twilio-Email-Event-Webhook-Signature': z.string().describe('ECDSA over timestamp and body, base64'),
      'X-Twilio-Email-Event-Webhook-Timestamp': z.string().describe('In seconds'),
    }),
    body: z.array(z.looseObject({ event: z.string() })),
    answers: { 204: { description: 'Taken; events that are known already change nothing' } },
    errors: ['FORBIDDEN', 'NOT_FOUND', 'RATE_LIMITED', 'DATABASE_UNAVAILABLE'],
  },
];

const documentOperations: readonly Operation[] = [
  {
    method: 'get',
    path: '/api/openapi.json',
    tag: 'This document',
    summary: 'Get this document',
    answers: {
      200: { contentType: 'application/json', description: 'OpenAPI 3.1', schema: z.looseObject({}) },
    },
  },
  {
    method: 'get',
    path: '/api/docs',
    tag: 'This document',
    summary: 'Read this document, and try it',
    answers: { 200: { contentType: 'text/html', description: 'A page' } },
  },
  {
    method: 'get',
    path: '/api/docs/style.css',
    tag: 'This document',
    summary: 'Get the style of that page',
    answers: { 200: { contentType: 'text/css', description: 'The style' } },
  },
  {
    method: 'get',
    path: '/api/docs/try.js',
    tag: 'This document',
    summary: 'Get the script of that page',
    answers: { 200: { contentType: 'text/javascript', description: 'The script' } },
  },
];

export const outsideOperations: readonly Operation[] = [
  ...healthOperations,
  ...linkOperations,
  ...documentOperations,
];
