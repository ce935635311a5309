import { createServer } from 'node:http';

/**
 * A SendGrid for benches in a process of its own: it takes each mail after `answerMs` and says when the first and the last
 * of `expected` came, and what came until then when it is asked. `node sendgrid-process.ts <answerMs> <expected>`.
 */
const [answerMs = 50, expected = 1_000] = process.argv.slice(2).map(Number);
const arrivals: number[] = [];
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
    if (arrivals.length === 0) process.send?.({ event: 'first' });
    arrivals.push(performance.now());
    // Each job's mail once: the key travels along.
    seen.add(/"job_key":"([^"]*)"/.exec(body)?.[1] ?? body);
    setTimeout(() => {
      open -= 1;
      response.writeHead(202, { 'x-message-id': `m-${arrivals.length}` }).end();
      if (seen.size === expected && open === 0) process.send?.({ event: 'last', ...taken() });
    }, answerMs);
  });
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address !== null && typeof address !== 'string') process.send?.({ event: 'ready', port: address.port });
});
process.on('message', () => process.send?.({ event: 'told', ...taken() }));
process.on('disconnect', () => process.exit());

function taken() {
  return {
    ms: performance.now() - (arrivals[0] ?? 0),
    mails: arrivals.length,
    distinct: seen.size,
    mostOpen,
    busiestSecond: busiestSecond(),
  };
}

function busiestSecond(): number {
  let most = 0;
  let from = 0;
  for (const [at, time] of arrivals.entries()) {
    while ((arrivals[from] ?? time) <= time - 1_000) from += 1;
    most = Math.max(most, at - from + 1);
  }
  return most;
}
