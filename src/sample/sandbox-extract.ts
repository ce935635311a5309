import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip, gzipSync } from 'node:zlib';
import { checkEntitySearch, findEntities, refused } from './sandbox-entities.ts';
import type { FileFault } from './sandbox-faults.ts';
import type { Refusal } from './sandbox-search.ts';

export interface ExtractOptions {
  /** Records that one extract may have, 1,000,000 at SAM.gov. */
  readonly limit: number;
  /** How often an extract is looked for before it is ready. */
  readonly polls: number;
}

/**
 * The extracts of Entity Management v3: asked for with `format=json`, made in the background, fetched by a token as a gzip
 * file. The token holds what was asked for, so that it is good at every sandbox with these entities, as if they were one.
 */
export function createExtracts({ limit, polls }: ExtractOptions) {
  const looked = new Map<string, number>();
  let issued = 0;
  let expiredUpTo = 0;

  /** The sentence with the link, or what is wrong. */
  function request(entities: readonly unknown[], query: string, now: Date): string | Refusal {
    const checked = checkEntitySearch(new URLSearchParams(query), query, Number.MAX_SAFE_INTEGER, now);
    if ('status' in checked) return checked;
    const found = findEntities(entities, checked).length;
    if (found > limit) {
      const said = `Total Number of Records: ${found} exceeded the maximum allowable limit: ${limit}.`;
      return refused(said, now);
    }
    issued += 1;
    const token = Buffer.from(JSON.stringify([process.pid, issued, withoutKey(query)])).toString('base64url');
    return `Extract will be available for download with url: https://api.sam.gov/entity-information/v3/download-entities?api_key=REPLACE_WITH_API_KEY&token=${token} in some time. Please replace REPLACE_WITH_API_KEY with your own.`;
  }

  /** The records of the file once it is ready. */
  function fetch(entities: readonly unknown[], token: string, now: Date): readonly unknown[] | Refusal {
    const asked = readToken(token);
    if (asked === undefined) return refused('The provided token is not valid.', now);
    if (asked.pid === process.pid && asked.issue <= expiredUpTo)
      return refused('The provided token is expired.', now);
    const times = (looked.get(token) ?? 0) + 1;
    looked.set(token, times);
    if (times <= polls) {
      return refused('The requested JSON or CSV file is not generated yet. Please try again later.', now);
    }
    const checked = checkEntitySearch(
      new URLSearchParams(asked.query),
      asked.query,
      Number.MAX_SAFE_INTEGER,
      now,
    );
    return 'status' in checked ? checked : findEntities(entities, checked);
  }

  return {
    request,
    fetch,
    expire() {
      expiredUpTo = issued;
    },
  };
}

function withoutKey(query: string): string {
  return query.replace(/([?&])api_key=[^&]*&?/, '$1');
}

function readToken(token: string): { pid: number; issue: number; query: string } | undefined {
  try {
    const read: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
    const [pid, issue, query]: unknown[] = Array.isArray(read) ? read : [];
    if (typeof pid !== 'number' || typeof issue !== 'number' || typeof query !== 'string') return undefined;
    return { pid, issue, query };
  } catch {
    return undefined;
  }
}

export function sendExtract(response: ServerResponse, records: readonly unknown[], fault?: FileFault): void {
  response.writeHead(200, {
    'content-type': 'application/octet-stream',
    'content-disposition': 'attachment; filename="entities.json.gz"',
  });
  if (fault === undefined) {
    // Who breaks off while it is sent has its reasons.
    void pipeline(Readable.from(piecesOf(records)), createGzip({ level: 1 }), response).catch(
      () => undefined,
    );
    return;
  }
  const file = gzipSync([...piecesOf(records)].join(''));
  const middle = Math.floor(file.length / 2);
  if (fault.kind === 'broken-file') {
    response.end(file.fill(0x55, middle, middle + 16));
    return;
  }
  response.write(file.subarray(0, middle), () => {
    if (fault.kind === 'cut-file') response.destroy();
  });
}

function* piecesOf(records: readonly unknown[]): Generator<string> {
  yield `{"totalRecords":${records.length},"entityData":[`;
  let between = '';
  for (const record of records) {
    yield between + JSON.stringify(record);
    between = ',\n';
  }
  yield ']}';
}
