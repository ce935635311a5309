import { createServer } from 'node:http';

/**
 * A SendGrid for benches in a process of its own: it takes each mail after `answerMs` and says when the first and the last
 * of `expected` came, by a clock that all processes share. `node sendgrid-process.ts <answerMs> <expected>`.
 */
const [answerMs = 50, expected = 1_000] = process.argv.slice(2).map(Number);
let first = 0;
let taken = 0;
let open = 0;
let mostOpen = 0;
const seen = new Set<string>();

const server = createServer((request, response) => {
  open += 1;
  mostOpen = Math.max(mostOpen, open);
  let body = '';
  request.setEncoding('utf8').on('data', (chunk: string) => {
    body += chunk;
  });
  request.on('end', () => {
    if (taken === 0) {
      first = Date.now();
      process.send?.({ event: 'first' });
    }
    taken += 1;
    // Each job's mail once: the key travels along.
    seen.add(/"job_key":"([^"]*)"/.exec(body)?.[1] ?? body);
    setTimeout(() => {
      open -= 1;
      response.writeHead(202, { 'x-message-id': `m-${taken}` }).end();
      if (taken !== expected || open > 0) return;
      process.send?.({ event: 'last', ms: Date.now() - first, taken, distinct: seen.size, mostOpen });
    }, answerMs);
  });
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address !== null && typeof address !== 'string') process.send?.({ event: 'ready', port: address.port });
});
process.on('disconnect', () => process.exit());
