/**
 * `npm run pictures:documents`: makes each document from the sample data, as its jobs do, and its pages as pictures in
 * `docs/images/documents`. It needs `pdftoppm` (Debian's poppler-utils).
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { generateComplianceMatrix } from '../processors/document/generate-compliance-matrix.ts';
import { generateReport } from '../processors/document/generate-report.ts';
import { readOpportunity } from '../processors/sync/read-opportunity.ts';
import { startEmbeddedServer } from '../src/backend/embedded-server.ts';
import { openPool } from '../src/integrations/database/postgres/connection.ts';
import { openDatabase } from '../src/integrations/database/postgres/index.ts';
import { migrate } from '../src/integrations/database/postgres/migrate.ts';
import { columnsOf } from '../src/integrations/database/postgres/opportunities.ts';
import { createLocalStorage } from '../src/integrations/storage/local.ts';
import { Events } from '../src/observability/events.ts';
import { packageRoot } from '../src/package.ts';
import { makeSample } from '../src/sample/index.ts';
import { sampleSolicitation } from '../src/sample/solicitation.ts';

const run = promisify(execFile);
const target = join(packageRoot, 'docs/images/documents');
/** Dots an inch: readable beside text, and below 150 KB a page. */
const resolution = '66';

/** What each picture is of. The first pages of a document say how it looks; the others go on as they do. */
const reports = [
  { name: 'analytics', pages: 3 },
  { name: 'opportunities', pages: 3 },
  { name: 'proposals', pages: 3 },
  { name: 'weekly', pages: 3 },
] as const;
const matrixPages = 2;

const today = new Date();
const sample = makeSample({ asOf: today });
const countOf = (userId: string) => sample.proposals.filter((proposal) => proposal.userId === userId).length;
const [user] = sample.users.toSorted((one, other) => countOf(other.id) - countOf(one.id));
if (user === undefined) throw new Error('The sample has users.');

const dir = await mkdtemp(join(tmpdir(), 'millrace-pictures-'));
const server = await startEmbeddedServer({ dataDir: dir });
const database = openDatabase({ url: server.url, poolMax: 2 });
const services = {
  database,
  storage: createLocalStorage({ dir: join(dir, 'storage') }),
  events: new Events(),
};

async function fill(): Promise<void> {
  const pool = openPool(server.url, 1);
  await migrate(pool, join(packageRoot, 'migrations'));
  const rows = sample.opportunities.flatMap((wire) => {
    const reading = readOpportunity(wire);
    return 'row' in reading ? [columnsOf(reading.row)] : [];
  });
  const names = Object.keys(rows[0] ?? {}).join(', ');
  await pool.query(
    `insert into opportunities (${names}) select ${names} from jsonb_populate_recordset(null::opportunities, $1)`,
    [JSON.stringify(rows)],
  );
  await pool.end();
  await database.users.upsert(sample.users);
  await database.proposals.upsert(sample.proposals);
  await database.users.saveOpportunities(sample.saved);
}

/** What a worker would give a job, without its queue. */
function contextOf<P>(name: string, key: string, payload: P) {
  const quiet = () => undefined;
  return {
    job: {
      id: '1',
      queue: 'document',
      name,
      attempt: 1,
      maxAttempts: 1,
      key,
      correlationId: '1',
    },
    payload,
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    signal: AbortSignal.timeout(120_000),
    progress: quiet,
    addJob: () => Promise.reject(new Error('Nobody is mailed.')),
    addJobs: () => Promise.reject(new Error('Nobody is mailed.')),
    services,
  };
}

async function picture(key: string, name: string, pages: number): Promise<void> {
  for (let page = 1; page <= pages; page += 1) {
    const only = ['-f', String(page), '-l', String(page), '-singlefile'];
    const paths = [join(dir, 'storage', key), join(target, `${name}-${page}`)];
    await run('pdftoppm', ['-png', '-r', resolution, ...only, ...paths]);
  }
}

try {
  await fill();
  await rm(target, { recursive: true, force: true });
  await mkdir(target, { recursive: true });
  for (const { name, pages } of reports) {
    const data = { userId: user.id, reportType: name, format: 'pdf' as const };
    const payload = { type: 'generate-report' as const, data };
    const made = await generateReport.run({ ...contextOf('generate-report', name, payload), ...payload });
    await picture(made.storageKey, name, pages);
  }
  const data = { userId: user.id, opportunityId: 'sample', text: sampleSolicitation, format: 'pdf' as const };
  const payload = { type: 'compliance-matrix' as const, data };
  const made = await generateComplianceMatrix.run({
    ...contextOf('generate-compliance-matrix', 'matrix', payload),
    ...payload,
  });
  await picture(made.storageKey, 'compliance-matrix', matrixPages);
  process.stdout.write(`${(await readdir(target)).length} pictures in ${target}\n`);
} finally {
  await database.close();
  await server.stop();
  await rm(dir, { recursive: true, force: true });
}
