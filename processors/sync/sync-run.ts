import type { SyncTotals } from '../../src/integrations/database/port.ts';
import { stepOfExtract } from './extract-step.ts';
import { afterNarrowing, afterPage, begin, type Place, resume } from './place.ts';
import { readPageOf } from './read-page.ts';
import type { SyncTurn } from './sync-turn.ts';

/** One attempt of a sync: page after page, or extract after extract, each written together with the place after it. */
export async function runSync<Row>(turn: SyncTurn<Row>): Promise<SyncTotals> {
  await turn.take();
  try {
    let place = await placeOf(turn);
    while (place.windows.length > 0) {
      turn.makeRoom();
      place = await step(turn, place);
    }
    turn.tell(place);
    return place.totals;
  } finally {
    await turn.release();
  }
}

async function placeOf<Row>(turn: SyncTurn<Row>): Promise<Place> {
  const { job, services } = turn.context;
  const { source, request } = turn.options;
  const { syncs } = services.database;
  const checkpoint = await syncs.checkpoint(source.kind, job.key);
  if (checkpoint !== undefined) return resume(checkpoint);
  const syncedThrough = await syncs.syncedThrough(source.kind);
  return begin(source.plan(request, syncedThrough, turn.today), syncedThrough);
}

/** One page: asked for, read, and written with the checkpoint after it. */
async function step<Row>(turn: SyncTurn<Row>, place: Place): Promise<Place> {
  const { source, request } = turn.options;
  const { page } = place;
  const [window] = place.windows;
  if (window === undefined) return place;
  if (window.extract !== undefined) return stepOfExtract(turn, place, window);
  await turn.spendRequest();
  const answer = await source.fetch(window, page, turn.context.signal);
  const { today } = turn;
  const narrower = source.narrow(window, answer.totalRecords, today);
  if (narrower !== undefined) return turn.savePlace(afterNarrowing(place, narrower));
  const reading = readPageOf(source, answer, page);
  const next = afterPage(place, answer.totalRecords, source.pageSize, reading, { request, today });
  const saved = await turn.saveReading(reading, next);
  if (saved.windows.length > 0) turn.tell(saved);
  return saved;
}
