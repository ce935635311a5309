/**
 * What somebody would write in an afternoon instead of a sync: every page, or the extract as a whole, parsed at once and
 * upserted by id, one statement a record or one a batch. It checks nothing, keeps no place to go on from and no budget.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import pg from 'pg';
import { z } from 'zod';

const options = z
  .object({
    databaseUrl: z.string(),
    samGovUrl: z.string(),
    kind: z.enum(['opportunities', 'entities']),
    /** Records in one statement. */
    batch: z.int().min(1),
    /** Records after which it ends. */
    most: z.int(),
    from: z.string(),
    to: z.string(),
  })
  .parse(JSON.parse(process.argv[2] ?? '{}'));

const pageSize = 1_000;
const date = (day: string) => day.replace(/^(\d+)-(\d+)-(\d+)$/, '$2/$3/$1');
const pageOf = z.object({ opportunitiesData: z.array(z.looseObject({ noticeId: z.string() })) });
const extractOf = z.object({
  entityData: z.array(z.looseObject({ entityRegistration: z.looseObject({ ueiSAM: z.string() }) })),
});

interface Identified {
  readonly id: string;
  readonly raw: unknown;
}

async function* pages(): AsyncGenerator<readonly Identified[]> {
  for (let offset = 0; ; offset += 1) {
    const query = `postedFrom=${date(options.from)}&postedTo=${date(options.to)}&limit=${pageSize}&offset=${offset}`;
    const answer = await fetch(`${options.samGovUrl}/opportunities/v2/search?api_key=key&${query}`);
    const page = pageOf.parse(await answer.json()).opportunitiesData;
    yield page.map((raw) => ({ id: raw.noticeId, raw }));
    if (page.length < pageSize) return;
  }
}

async function extract(): Promise<readonly Identified[]> {
  const entities = `${options.samGovUrl}/entity-information/v3`;
  const query = `updateDate=[${date(options.from)},${date(options.to)}]&format=json`;
  const asked = await (await fetch(`${entities}/entities?api_key=key&${query}`)).text();
  const token = /[?&]token=([^&\s"'<>]+)/.exec(asked)?.[1] ?? '';
  for (;;) {
    const answer = await fetch(`${entities}/download-entities?api_key=key&token=${token}`);
    const body = Buffer.from(await answer.arrayBuffer());
    if (answer.status === 200) {
      const { entityData } = extractOf.parse(JSON.parse(gunzipSync(body).toString()));
      return entityData.map((raw) => ({ id: raw.entityRegistration.ueiSAM, raw }));
    }
    if (!/not generated yet/i.test(body.toString())) throw new Error(`The extract: ${body.toString()}`);
    await pause(10);
  }
}

const client = new pg.Client({ connectionString: options.databaseUrl });
await client.connect();
await client.query('drop table if exists peer_records');
await client.query('create table peer_records (id text primary key, raw jsonb not null)');

const began = performance.now();
let written = 0;
const source = options.kind === 'opportunities' ? pages() : [await extract()];
for await (const records of source) {
  for (let from = 0; from < records.length && written < options.most; from += options.batch) {
    const batch = records.slice(from, from + options.batch);
    await client.query(
      `insert into peer_records select id, raw from jsonb_to_recordset($1::jsonb) as r (id text, raw jsonb)
       on conflict (id) do update set raw = excluded.raw`,
      [JSON.stringify([...new Map(batch.map((record) => [record.id, record])).values()])],
    );
    written += batch.length;
  }
  if (written >= options.most) break;
}
const seconds = (performance.now() - began) / 1_000;
await client.end();
// maxRSS is in KiB.
const peakBytes = process.resourceUsage().maxRSS * 1_024;
process.stdout.write(JSON.stringify({ records: written, seconds, peakBytes }));
