import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { renderCer } from '../../processors/document/render-cer.ts';
import { type CerRequest, type CerRequestInput, cerRequest } from '../../queues/cer-request.ts';
import type { Result } from '../../queues/index.ts';
import type { HtmlPrinter } from '../../src/integrations/chromium/port.ts';
import type { CerReport, NewCerReport } from '../../src/integrations/database/port.ts';
import type { LanguageModel } from '../../src/integrations/llm/port.ts';
import type { Storage } from '../../src/integrations/storage/port.ts';
import { Events } from '../../src/observability/events.ts';
import { makeCerRequest } from '../../src/sample/cer-request.ts';
import type { World } from './world.ts';

const run = promisify(execFile);

const cerDay = new Date('2026-01-20T00:00:00Z');

/** The sample, or a smaller one, as it is stored. */
export function cerSample(size: { literature?: number; adverseEvents?: number } = {}): CerRequest {
  return cerRequest.parse(makeCerRequest({ asOf: cerDay, ...size }));
}

let reports = 0;

/** A report in the database, as the HTTP side leaves it. */
export function addCerReport(
  world: World,
  request: CerRequest | CerRequestInput,
  change: Partial<NewCerReport> = {},
): Promise<CerReport> {
  reports += 1;
  const id = `report-${reports}`;
  return world.database.cerReports.create({
    id,
    subject: 'someone',
    correlationId: 'c-1',
    jobId: `render-cer-${id}`,
    deviceName: request.device.name,
    request,
    notifyEmail: request.notify?.email,
    notifyUrl: request.notify?.url,
    ...change,
  });
}

export interface CerRun {
  readonly world: World;
  readonly storage: Storage;
  readonly printer?: HtmlPrinter;
  readonly llm?: LanguageModel;
  readonly attempt?: number;
  readonly maxAttempts?: number;
  readonly signal?: AbortSignal;
  readonly events?: Events;
  readonly onProgress?: (percent: number) => void;
}

/** Runs the processor once on a report, as the runtime would. */
export function runCer(
  report: Pick<CerReport, 'id' | 'jobId'>,
  { world, storage, attempt = 1, maxAttempts = 3, ...options }: CerRun,
): Promise<Result<'document', 'render-cer'>> {
  const payload = { type: 'clinical-evaluation-report' as const, data: { reportId: report.id } };
  const log = { debug: ignore, info: ignore, warn: ignore, error: ignore };
  return renderCer.run({
    job: {
      id: report.jobId,
      queue: 'document',
      name: 'render-cer',
      attempt,
      maxAttempts,
      key: `document.${report.jobId}`,
      correlationId: 'c-1',
    },
    type: payload.type,
    data: payload.data,
    payload,
    log,
    signal: options.signal ?? new AbortController().signal,
    progress: (percent) => options.onProgress?.(percent),
    addJob: () => Promise.reject(new Error('No job is added.')),
    addJobs: () => Promise.reject(new Error('No job is added.')),
    services: {
      database: world.database,
      storage,
      events: options.events ?? new Events(),
      printer: options.printer,
      llm: options.llm,
    },
  });
}

function ignore(): void {
  // The log is not looked at here.
}

/** What a page has between its header and its footer, in points of A4, as `pdftotext` takes it. */
const body = ['-x', '0', '-y', '52', '-W', '596', '-H', '728'];

/** The text of a PDF's pages in the order that it is drawn, without headers, footers and white space. */
export async function drawnText(path: string): Promise<string> {
  const { stdout } = await run('pdftotext', ['-raw', '-r', '72', ...body, path, '-'], {
    maxBuffer: 256 * 1024 * 1024,
  });
  return squeezed(stdout);
}

export interface ContentsLine {
  readonly number: string;
  readonly title: string;
  readonly page: number;
}

/** The contents as a reader sees them, on the second page. */
export async function contentsOf(path: string): Promise<ContentsLine[]> {
  const { stdout } = await run('pdftotext', ['-layout', '-f', '2', '-l', '2', path, '-']);
  return stdout.split('\n').flatMap((line) => {
    const [, number, title, page] = /^\s*(\d+(?:\.\d+)?)\s+(.*\S)\s+(\d+)\s*$/.exec(line) ?? [];
    return number === undefined || title === undefined ? [] : [{ number, title, page: Number(page) }];
  });
}

/** Text as it can be found again wherever its lines were broken. */
export function squeezed(text: string): string {
  return text.normalize('NFC').replace(/[\s\u00ad\f]+/gu, '');
}

/** Every text and number of a request, a line each; where the report goes is no fact of the device. */
export function factsOf({ notify: _notify, ...request }: CerRequest): string[] {
  const facts: string[] = [];
  const visit = (value: unknown): void => {
    if (typeof value === 'string') facts.push(...value.split('\n').filter((line) => line.trim() !== ''));
    else if (typeof value === 'number') facts.push(String(value));
    else if (typeof value === 'object' && value !== null) Object.values(value).forEach(visit);
  };
  visit(request);
  return facts;
}
