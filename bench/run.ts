/** `npm run bench`: every part in turn, or the one that is named, each in a process of its own and within its time. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

interface Part {
  readonly file: string;
  readonly measures: string;
  /** Minutes after which it is given up. */
  readonly limit: number;
}

const parts: Readonly<Record<string, Part>> = {
  queues: { file: 'index.ts', measures: 'adding and processing jobs, against raw BullMQ', limit: 15 },
  index: { file: 'job-index.ts', measures: 'the cost of the job index, and searches in it', limit: 15 },
  exports: { file: 'exports.ts', measures: 'writers of exports, against libraries', limit: 8 },
  reports: { file: 'reports.ts', measures: 'drawing PDF reports, against pdfmake', limit: 5 },
  documents: { file: 'documents.ts', measures: 'export and report jobs in a worker process', limit: 8 },
  cer: { file: 'cer.ts', measures: 'clinical evaluation reports: browsers kept, ten at once', limit: 8 },
  conversions: { file: 'conversions.ts', measures: 'PDFs claimed, converted, uploaded', limit: 6 },
  mails: { file: 'mails.ts', measures: 'rendering and sending mails, alone and in a worker', limit: 8 },
  'fan-out': { file: 'fan-out.ts', measures: 'adding a mail for each of 100,000 users', limit: 8 },
  'fan-out-killed': {
    file: 'fan-out-killed.ts',
    measures: 'the same to the last mail, with workers killed on the way',
    limit: 20,
  },
  sync: { file: 'sync.ts', measures: 'records from SAM.gov to the table, against loops', limit: 8 },
  stories: { file: 'stories.ts', measures: 'stories scored by their own words', limit: 2 },
  matrix: { file: 'matrix.ts', measures: 'precision and recall of the compliance matrix', limit: 1 },
};

const help = `npm run bench -- [part] [options of the part]

Measures one part of the platform, or all of them in turn.

${Object.entries(parts)
  .map(([name, { measures, limit }]) => `  ${name.padEnd(15)}${measures} (at most ${limit} min)`)
  .join('\n')}

Options without a part are those of "queues": npm run bench -- --rounds 3; npm run bench -- queues --help lists them.
`;

let running: ReturnType<typeof spawn> | undefined;
let stopped = false;

async function run(name: string, { file, limit }: Part, options: readonly string[]): Promise<number> {
  process.stdout.write(`== ${name}\n`);
  const child = spawn(process.execPath, [join(import.meta.dirname, file), ...options], { stdio: 'inherit' });
  running = child;
  const timer = setTimeout(() => {
    process.stderr.write(`${name} took longer than ${limit} minutes and is stopped.\n`);
    child.kill();
  }, limit * 60_000);
  await once(child, 'exit');
  clearTimeout(timer);
  return child.exitCode ?? 1;
}

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    stopped = true;
    running?.kill(signal);
  });

const [first = '', ...rest] = process.argv.slice(2);
const part = parts[first];
if (first === '--help') process.stdout.write(help);
else if (part !== undefined) process.exitCode = await run(first, part, rest);
else if (first.startsWith('-') && parts.queues !== undefined)
  process.exitCode = await run('queues', parts.queues, [first, ...rest]);
else if (first !== '') {
  process.stderr.write(`There is no part "${first}".\n\n${help}`);
  process.exitCode = 1;
} else
  for (const [name, each] of Object.entries(parts)) {
    if (stopped) break;
    const code = await run(name, each, []);
    if (code !== 0) process.exitCode = code;
  }
