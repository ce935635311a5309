import { MillraceError, RateLimitedError } from '../../src/errors/catalogue.ts';
import type { SyncExtract, SyncWindow } from '../../src/integrations/database/port.ts';
import { BrokenExtractError, type ExtractFile } from '../../src/integrations/sam-gov/port.ts';
import { afterAsking, afterChunk, afterNarrowing, afterWindow, atExtract, type Place } from './place.ts';
import { readRecords } from './read-page.ts';
import type { SyncTurn } from './sync-turn.ts';

/** Records that are written together; as many of them at their largest stay far below a worker's memory. */
const chunkSize = 500;
/** After the first looks it is looked for this many times less often, so that a slow one costs few requests. */
const slowest = 15;
/** Nobody says how long a link lives; one that is a day old and still not ready will not be. */
const longestWaitMs = 24 * 3_600_000;
const mostReplaced = 5;

/**
 * The next step of a window whose records come as one file (SAM.gov's extracts): it is asked for, looked for until it is
 * ready, fetched onto disk, and written chunk by chunk. In between the job waits in the queue, not in the worker. Each
 * state is in the checkpoint, so that a job that is killed goes on in it; a file that is on this machine is not fetched
 * twice.
 */
export async function stepOfExtract<Row>(
  turn: SyncTurn<Row>,
  place: Place,
  window: SyncWindow,
): Promise<Place> {
  const { token, ...extract } = window.extract ?? { polls: 0, replaced: 0 };
  if (token === undefined) return ask(turn, place, window, extract);
  const asked = { token, ...extract };
  try {
    const kept = await turn.options.samGov.keptExtract(token);
    if (kept !== undefined) return await write(turn, place, window, asked, kept);
    const fetched = await fetch(turn, place, window, asked);
    if (fetched !== undefined) {
      const counted = await turn.savePlace(afterAsking(place, window, asked));
      return await write(turn, counted, window, asked, fetched);
    }
  } catch (error) {
    if (!(error instanceof BrokenExtractError)) throw error;
    await replace(turn, place, window, extract);
    throw new MillraceError(
      'SYNC_UNAVAILABLE',
      `SAM.gov's extract cannot be read: ${error.message}. The next attempt asks for another.`,
    );
  }
  return replace(turn, place, window, extract);
}

type Unasked = Omit<SyncExtract, 'token'>;
type Asked = Unasked & { readonly token: string };

async function ask<Row>(
  turn: SyncTurn<Row>,
  place: Place,
  window: SyncWindow,
  extract: Unasked,
): Promise<Place> {
  const { samGov, source, now } = turn.options;
  if (extract.replaced > mostReplaced) {
    throw new MillraceError(
      'SYNC_UNAVAILABLE',
      `${extract.replaced} extracts of SAM.gov ended or broke before they were read. Look at SAM.gov's status, then replay the job.`,
      { retryable: false },
    );
  }
  await turn.spendRequest();
  const answer = await samGov.requestExtract(window, turn.context.signal);
  if (answer === 'too many') {
    return turn.savePlace(afterNarrowing(place, source.part(window, turn.today)));
  }
  const { replaced } = extract;
  const asked: Asked = { token: answer.token, requestedAt: now().toISOString(), polls: 0, replaced };
  const next = await turn.savePlace(afterAsking(place, window, asked));
  throw waiting(turn, next, asked);
}

/** The file, or `undefined` when its link has ended. */
async function fetch<Row>(
  turn: SyncTurn<Row>,
  place: Place,
  window: SyncWindow,
  asked: Asked,
): Promise<ExtractFile | undefined> {
  const { samGov, now } = turn.options;
  await turn.spendRequest();
  turn.tell(place, 'SAM.gov is asked for the extract, and it is fetched', chunkSize);
  const answer = await turn.keepThrough((signal) => samGov.fetchExtract(asked.token, signal));
  if (answer.state === 'fetched') return answer.file;
  if (answer.state === 'expired') return undefined;
  const since = now().getTime() - Date.parse(asked.requestedAt ?? '');
  if (!(since < longestWaitMs)) return undefined;
  const looked = { ...asked, polls: asked.polls + 1 };
  throw waiting(turn, await turn.savePlace(afterAsking(place, window, looked)), looked);
}

/** Asks anew at the next step, from the first record on: rows that are there already come out unchanged. */
function replace<Row>(
  turn: SyncTurn<Row>,
  place: Place,
  window: SyncWindow,
  { replaced }: Unasked,
): Promise<Place> {
  return turn.savePlace(afterAsking(place, window, { polls: 0, replaced: replaced + 1 }));
}

function waiting<Row>(turn: SyncTurn<Row>, place: Place, { polls, requestedAt }: Asked): RateLimitedError {
  const wait = turn.options.samGov.extractPollMs * Math.min(2 ** polls, slowest);
  const looked = polls === 0 ? '' : `, looked for ${polls} ${polls === 1 ? 'time' : 'times'}`;
  const message = `SAM.gov prepares the extract (asked for at ${requestedAt}${looked}); the next look is in ${Math.ceil(wait / 1_000)} s`;
  turn.tell(place, message, chunkSize);
  return new RateLimitedError('SYNC_WAITING', `${message}. Nothing needs to be done.`, wait);
}

/** Writes the file from the chunk on where an attempt before stopped. */
async function write<Row>(
  turn: SyncTurn<Row>,
  place: Place,
  window: SyncWindow,
  asked: Asked,
  file: ExtractFile,
): Promise<Place> {
  const { source, request } = turn.options;
  const goesOn = asked.sha256 === undefined || asked.sha256 === file.sha256;
  let at = atExtract(place, window, { ...asked, sha256: file.sha256 }, goesOn ? place.page : 0);
  let toSkip = at.page * chunkSize;
  let seen = 0;
  let chunk: unknown[] = [];
  const save = async (share: number) => {
    const reading = readRecords(source, chunk);
    chunk = [];
    at = await turn.saveReading(reading, afterChunk(at, reading, seen / share));
    turn.tell(at, undefined, chunkSize);
    turn.makeRoom();
    await turn.renew();
  };
  for await (const { record, share } of file.records()) {
    seen += 1;
    if (toSkip > 0) {
      toSkip -= 1;
      continue;
    }
    chunk.push(record);
    if (chunk.length === chunkSize) await save(share);
  }
  if (chunk.length > 0) await save(1);
  const next = await turn.savePlace(afterWindow(at, { request, today: turn.today }));
  await file.remove();
  return next;
}
