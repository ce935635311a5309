import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { checkEntitySearch, refused, searchEntitiesIn } from './sandbox-entities.ts';
import { createExtracts, sendExtract } from './sandbox-extract.ts';
import { answerFault, type FileFault, type SandboxFault } from './sandbox-faults.ts';
import { checkSearch, type Refusal, searchIn } from './sandbox-search.ts';

const downloadPath = '/entity-information/v3/download-entities';
const entityPath = '/entity-information/v3/entities';

export interface SandboxOptions {
  /** 0, the default, takes a free one. */
  readonly port?: number;
  /** The notices in the wire's shape; anything else is served too, as SAM.gov's own malformed records are. */
  readonly opportunities: readonly unknown[];
  /** The same for entities; none without it. */
  readonly entities?: readonly unknown[];
  /** Entities of one search that can be reached, 10,000 at SAM.gov. */
  readonly entityReach?: number;
  /** Records that an extract may have, 1,000,000 at SAM.gov, and how often it is looked for before it is ready: once. */
  readonly extractLimit?: number;
  readonly extractPolls?: number;
  /** The only key that is accepted; without it any key is, but one must be given. */
  readonly apiKey?: string;
  /** Requests a day (UTC) before 429; without it there is no limit. */
  readonly dailyLimit?: number;
  readonly host: '127.0.0.1';
  readonly now?: () => Date;
}

/** One search as it was asked for, and how it was answered. */
export interface SandboxRequest {
  readonly path: string;
  /** Without the key. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly outcome: number | SandboxFault['kind'];
}

export interface SamGovSandbox {
  /** Base address, as SAM_GOV_BASE_URL wants it. */
  readonly url: string;
  /** All requests so far, refused ones and faults included. */
  readonly requests: number;
  readonly log: readonly SandboxRequest[];
  /** What the next requests get instead of an answer, in order; `undefined` lets one through. */
  script(...faults: readonly (SandboxFault | undefined)[]): void;
  /** Replaces the notices, also between two pages: called from `onRequest`, totals move while a client pages. */
  setOpportunities(opportunities: readonly unknown[]): void;
  setEntities(entities: readonly unknown[]): void;
  /** Ends the links to all extracts that were asked for so far. */
  expireExtracts(): void;
  /** Called before each request is answered; `number` counts from 1. */
  onRequest(listener: (number: number) => void): void;
  /** Resolves when the request of that number has come in. */
  arrival(number: number): Promise<void>;
  close(): Promise<void>;
}

/**
 * A stand-in on loopback for SAM.gov's Get Opportunities v2 and Entity Management v3 that holds to the contract of the
 * real ones, their odd sides too: `offset` counts pages, a page past the end has a stray record, 364 days are the longest
 * range; entities come ten at a time and no further than the first 10,000, or as a file that takes its time. Development without a key and the tests run
 * the real client against it.
 */
export async function startSamGovSandbox(options: SandboxOptions): Promise<SamGovSandbox> {
  const now = options.now ?? (() => new Date());
  const log: SandboxRequest[] = [];
  const faults: (SandboxFault | undefined)[] = [];
  const arrivals: { number: number; resolve: () => void }[] = [];
  const used = new Map<string, number>();
  const extracts = createExtracts({
    limit: options.extractLimit ?? 1_000_000,
    polls: options.extractPolls ?? 1,
  });
  const entityReach = options.entityReach ?? 10_000;
  let opportunities = options.opportunities;
  let entities = options.entities ?? [];
  let listener: ((number: number) => void) | undefined;
  let requests = 0;

  const server = createServer((request, response) => {
    requests += 1;
    listener?.(requests);
    const url = new URL(request.url ?? '/', 'http://sandbox');
    const fault = faults.shift();
    const outcome =
      fault === undefined || isOfFile(fault)
        ? answer(request, response, url, fault)
        : answerFault(response, fault);
    const { api_key: _, ...parameters } = Object.fromEntries(url.searchParams);
    log.push({ path: url.pathname, parameters, outcome });
    for (const arrival of arrivals.filter(({ number }) => number <= requests)) arrival.resolve();
  });

  function answer(request: IncomingMessage, response: ServerResponse, url: URL, fault?: FileFault) {
    const path = url.pathname.replace(/^\/prod\//, '/');
    const refusal = checkAccess(request, url.searchParams, path === entityPath || path === downloadPath);
    if (refusal !== undefined) return refuse(response, refusal);
    if (path === entityPath && url.searchParams.get('format') === 'json')
      return requestExtract(response, url);
    if (path === entityPath) return searchEntities(response, url);
    if (path === downloadPath) return download(response, url, fault);
    if (path === '/opportunities/v2/search') return search(response, url);
    if (path === '/opportunities/v1/noticedesc') return describe(response, url.searchParams);
    return send(response, 404, { message: 'no Route matched with those values' });
  }

  function checkAccess(
    request: IncomingMessage,
    parameters: URLSearchParams,
    forEntities: boolean,
  ): Refusal | undefined {
    if (request.method !== 'GET') return { status: 405, body: { message: 'Method Not Allowed' } };
    const key = parameters.get('api_key') ?? '';
    const fault =
      key === ''
        ? 'No api_key was supplied'
        : options.apiKey !== undefined && key !== options.apiKey
          ? 'An invalid api_key was supplied'
          : undefined;
    if (fault === undefined) return spend(now());
    return forEntities ? refused(fault, now(), undefined, 403) : { status: 403, html: wrongKeyPage(fault) };
  }

  function searchEntities(response: ServerResponse, url: URL): number {
    const checked = checkEntitySearch(url.searchParams, url.search, entityReach, now());
    if ('status' in checked) return refuse(response, checked);
    return send(response, 200, searchEntitiesIn(entities, checked, url.pathname));
  }

  function requestExtract(response: ServerResponse, url: URL): number {
    const said = extracts.request(entities, url.search, now());
    if (typeof said !== 'string') return refuse(response, said);
    response.writeHead(200, { 'content-type': 'text/plain' }).end(said);
    return 200;
  }

  function download(response: ServerResponse, url: URL, fault?: FileFault): SandboxRequest['outcome'] {
    const records = extracts.fetch(entities, url.searchParams.get('token') ?? '', now());
    if ('status' in records) return refuse(response, records);
    sendExtract(response, records, fault);
    return fault?.kind ?? 200;
  }

  function spend(time: Date): Refusal | undefined {
    const day = time.toISOString().slice(0, 10);
    const count = (used.get(day) ?? 0) + 1;
    used.set(day, count);
    if (options.dailyLimit === undefined || count <= options.dailyLimit) return undefined;
    return { status: 429, body: throttled(nextMidnight(time)) };
  }

  function search(response: ServerResponse, url: URL): number {
    const checked = checkSearch(url.searchParams);
    if ('status' in checked) return refuse(response, checked);
    const { total, page } = searchIn(opportunities, checked);
    return send(response, 200, {
      totalRecords: total,
      limit: checked.limit,
      offset: checked.offset,
      opportunitiesData: page,
      links: [{ rel: 'self', href: url.pathname }],
    });
  }

  function describe(response: ServerResponse, parameters: URLSearchParams): number {
    const id = parameters.get('noticeid') ?? '';
    const notice = opportunities.find(
      (item) => typeof item === 'object' && item !== null && 'noticeId' in item && item.noticeId === id,
    );
    const described = typeof notice === 'object' && notice !== null && 'description' in notice;
    if (!described || typeof notice.description !== 'string' || !notice.description.startsWith('http')) {
      return send(response, 404, { errorCode: '404', errorMessage: 'Description Not Found' });
    }
    const title = 'title' in notice ? String(notice.title) : id;
    return send(response, 200, { description: `<p>${title.replace(/[<>&]/g, ' ')}</p>` });
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, options.host, resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;

  return {
    url: `http://${options.host}:${port}`,
    get requests() {
      return requests;
    },
    log,
    script: (...next) => void faults.push(...next),
    setOpportunities(next) {
      opportunities = next;
    },
    setEntities(next) {
      entities = next;
    },
    expireExtracts: extracts.expire,
    onRequest(next) {
      listener = next;
    },
    arrival: (number) =>
      number <= requests ? Promise.resolve() : new Promise((resolve) => arrivals.push({ number, resolve })),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        // Scripted hangs would keep it open for ever.
        server.closeAllConnections();
      }),
  };
}

function isOfFile(fault: SandboxFault): fault is FileFault {
  return fault.kind === 'cut-file' || fault.kind === 'hang-in-file' || fault.kind === 'broken-file';
}

function refuse(response: ServerResponse, refusal: Refusal): number {
  if (refusal.html === undefined) return send(response, refusal.status, refusal.body);
  response.writeHead(refusal.status, { 'content-type': 'text/html' }).end(refusal.html);
  return refusal.status;
}

function send(response: ServerResponse, status: number, body: unknown): number {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  return status;
}

function wrongKeyPage(message: string): string {
  return `<html><head><title>403 Forbidden</title></head><body><h1>API_KEY_INVALID</h1><p>${message}. Please submit with a valid API key.</p></body></html>`;
}

function nextMidnight(time: Date): Date {
  return new Date(Date.UTC(time.getUTCFullYear(), time.getUTCMonth(), time.getUTCDate() + 1));
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** The gateway's refusal once a quota is used up. */
function throttled(until: Date): object {
  const [date = '', rest = ''] = until.toISOString().split('T');
  const [year, month, day] = date.split('-');
  return {
    code: '900804',
    message: 'Message throttled out',
    description: 'You have exceeded your quota .You can access API after the time given.',
    nextAccessTime: `${year}-${months[Number(month) - 1]}-${day} ${rest.slice(0, 8)}+0000 UTC`,
  };
}
