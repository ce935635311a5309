import { MillraceError } from '../../errors/catalogue.ts';
import { errorText, extractTokenIn, readEntityPage, readPage, saysNoData } from './answers.ts';
import { readBody, readStart } from './body.ts';
import { createExtractFolder } from './extract-folder.ts';
import { createPace } from './pace.ts';
import { entityParameters, extractParameters, opportunityParameters } from './parameters.ts';
import { BrokenExtractError, type ExtractAnswer, type SamGov, type SamGovPage } from './port.ts';
import { redactorFor } from './redact.ts';
import { networkCode, refusal } from './refusals.ts';

export interface SamGovOptions {
  readonly apiKey: string;
  /** `https://api.sam.gov`, with or without `/prod`. */
  readonly baseUrl: string;
  /** How long one request may take, its body included; of an extract, how long nothing may come. */
  readonly timeoutMs?: number;
  /** Pause between two requests; bursts below 2 s are reported to be refused. */
  readonly minIntervalMs?: number;
  /** Largest page that is read, in bytes. */
  readonly maxBytes?: number;
  /** Where extracts are kept while they are read; of this user alone. */
  readonly extractFolder?: string;
  /** Largest extract that is fetched, in bytes, as it comes and unpacked. */
  readonly maxExtractBytes?: number;
  readonly maxUnpackedBytes?: number;
  readonly extractPollMs?: number;
  readonly now?: () => Date;
}

/** What a request is answered with, and what is made of it. */
interface Reading<T> {
  readonly accept: string;
  /** Tells that the answer still comes. */
  read(response: Response, alive: () => void): Promise<T>;
  /** A refusal that is no fault, by the sentence in it. */
  meaningOf?(status: number, body: string): T | undefined;
}

const errorBytes = 16 * 1_024;

/**
 * Get Opportunities v2 (https://open.gsa.gov/api/get-opportunities-public-api/) and Entity Management v3 with its extracts
 * (https://open.gsa.gov/api/entity-api/). The key can only be sent in the query there, so no address and no error of the
 * HTTP layer is ever passed on.
 */
export function createSamGov(options: SamGovOptions): SamGov {
  const { apiKey, timeoutMs = 60_000, minIntervalMs = 2_000, maxBytes = 64 * 1_024 * 1_024 } = options;
  const now = options.now ?? (() => new Date());
  const base = options.baseUrl.replace(/\/+$/, '');
  const turn = createPace(minIntervalMs);
  const redact = redactorFor(apiKey);
  // In a page only links can hold the key; replacing a short one anywhere would tear texts apart.
  const redactLinks = redactorFor(apiKey, 'api_key=');
  const extracts = createExtractFolder({ ...options, redact: redactLinks });

  async function ask<T>(address: string, reading: Reading<T>, signal: AbortSignal, alive: () => void) {
    const response = await fetch(address, {
      headers: { accept: reading.accept },
      // A redirect might carry the key to somebody else.
      redirect: 'manual',
      signal,
    });
    if (response.ok) return reading.read(response, alive);
    const body = redact(await readStart(response, errorBytes));
    const meaning = reading.meaningOf?.(response.status, body);
    if (meaning !== undefined) return meaning;
    // Once more: reading JSON and HTML undoes escapes that the key may have hidden in.
    throw refusal(response, body, redact(errorText(body)), now());
  }

  async function request<T>(address: string, reading: Reading<T>, signal: AbortSignal): Promise<T> {
    await turn(signal);
    const silence = new AbortController();
    const timer = setTimeout(() => silence.abort(), timeoutMs);
    try {
      const alive = () => void timer.refresh();
      return await ask(address, reading, AbortSignal.any([signal, silence.signal]), alive);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof MillraceError || error instanceof BrokenExtractError) throw error;
      if (silence.signal.aborted) {
        throw new MillraceError(
          'SYNC_UNAVAILABLE',
          `SAM.gov did not answer within ${timeoutMs} ms. It is asked again.`,
        );
      }
      // Without its cause: fetch puts the address, and so the key, into some of its errors.
      throw new MillraceError(
        'SYNC_UNAVAILABLE',
        `SAM.gov cannot be reached (${networkCode(error)}). Check SAM_GOV_BASE_URL and the network.`,
      );
    } finally {
      clearTimeout(timer);
    }
  }

  function pages(read: (body: string) => SamGovPage): Reading<SamGovPage> {
    return {
      accept: 'application/json',
      read: async (response) => read(redactLinks(await readBody(response, maxBytes))),
      meaningOf: (status, body) =>
        status === 404 && saysNoData(body) ? { totalRecords: 0, records: [] } : undefined,
    };
  }

  return {
    name: 'sam-gov',
    minIntervalMs,
    extractPollMs: options.extractPollMs ?? 60_000,
    searchOpportunities: (query, signal) =>
      request(
        `${base}/opportunities/v2/search?${opportunityParameters(query, apiKey)}`,
        pages((body) => readPage(body, query.page, query.pageSize)),
        signal,
      ),
    searchEntities: (query, signal) =>
      request(
        `${base}/entity-information/v3/entities?${entityParameters(query, apiKey)}`,
        pages((body) => readEntityPage(body, query.page)),
        signal,
      ),
    requestExtract: (query, signal) =>
      request<{ token: string } | 'too many'>(
        `${base}/entity-information/v3/entities?${extractParameters(query, apiKey)}`,
        {
          accept: 'application/json',
          read: async (response) => ({ token: extractTokenIn(await readBody(response, errorBytes)) }),
          meaningOf: (status, body) =>
            status === 400 && /exceeded the maximum allowable limit/i.test(errorText(body))
              ? 'too many'
              : undefined,
        },
        signal,
      ),
    keptExtract: extracts.kept,
    fetchExtract: (token, signal) =>
      request<ExtractAnswer>(
        `${base}/entity-information/v3/download-entities?${new URLSearchParams({ api_key: apiKey, token })}`,
        {
          accept: 'application/json, application/zip',
          async read(response, alive) {
            return { state: 'fetched', file: await extracts.keep(token, response, alive, signal) };
          },
          meaningOf(status, body) {
            const text = errorText(body);
            if (status === 400 && /not generated yet/i.test(text)) return { state: 'preparing' };
            return status === 400 && /token is expired/i.test(text) ? { state: 'expired' } : undefined;
          },
        },
        signal,
      ),
  };
}
