import { once } from 'node:events';
import { createServer } from 'node:http';
import { mailPreviews } from '../processors/email/previews.ts';
import { createSendGrid } from '../src/integrations/mail/sendgrid.ts';

/**
 * `npm run bench:mails`: what a mail costs. Rendering alone, then mails a second to a SendGrid on loopback that answers
 * in 50 ms, at several concurrencies: the bound is concurrency / 50 ms, and the figure says how near to it we come. Last a
 * whole worker process, with the queue and the ledger.
 */
const answerMs = 50;
const signal = new AbortController().signal;

function renderAll(): void {
  const rounds = 500;
  for (const { name, render } of mailPreviews('https://app.example.com')) {
    for (let round = 0; round < 200; round += 1) render();
    const times = Array.from({ length: rounds }, () => {
      const began = performance.now();
      render();
      return performance.now() - began;
    }).sort((a, b) => a - b);
    const at = (share: number) => (times[Math.floor(share * (rounds - 1))] ?? 0).toFixed(3);
    console.log(`render ${name.padEnd(26)} median ${at(0.5)} ms   p99 ${at(0.99)} ms`);
  }
}

async function sendMany(concurrency: number, mails: number): Promise<void> {
  let connections = 0;
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      setTimeout(() => response.writeHead(202, { 'x-message-id': 'm' }).end(), answerMs);
    });
  });
  server.on('connection', () => {
    connections += 1;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('The server has no port.');
  const provider = createSendGrid({
    apiKey: 'SG.bench',
    baseUrl: `http://127.0.0.1:${bound.port}`,
    from: 'noreply@example.com',
  });
  const [first] = mailPreviews('https://app.example.com').filter(({ name }) => name === 'reminder');
  if (first === undefined) throw new Error('There is no reminder to send.');
  let left = mails;
  const began = performance.now();
  const cpuBegan = process.cpuUsage();
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      while (left > 0) {
        left -= 1;
        const content = {
          to: `u${left}@example.org`,
          category: 'reminder',
          jobKey: `job-${left}`,
          ...first.render(),
        };
        await provider.send(content, signal);
      }
    }),
  );
  const perSecond = mails / ((performance.now() - began) / 1_000);
  const { user, system } = process.cpuUsage(cpuBegan);
  const cpuMs = (user + system) / 1_000 / mails;
  const bound50 = concurrency / (answerMs / 1_000);
  console.log(
    `concurrency ${String(concurrency).padStart(3)}: ${perSecond.toFixed(0)} mails/s, ${((perSecond / bound50) * 100).toFixed(0)} % of the ${bound50} that ${answerMs} ms allow, ${cpuMs.toFixed(1)} ms of processor a mail (server included), ${connections} connections`,
  );
  provider.close?.();
  server.close();
}

renderAll();
await sendMany(5, 300);
await sendMany(25, 1_500);
await sendMany(100, 3_000);
await import('./mails-worker.ts');
await import('./mails-rate.ts');
