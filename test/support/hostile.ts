import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import type { World } from './world.ts';

/** Text that runs wherever it is taken for markup, for an attribute, for a script or for a link; it turns text about, too. */
export const hostile =
  '</script></title></textarea><script>top.hostile = 1</script>"\'><img src=x onerror="top.hostile = 2"><a href="javascript:top.hostile = 3">\u202eevil\u2066';

/** What hostile text has done to the page: nothing is wanted. */
export async function harmOf(page: Page): Promise<string[]> {
  const ran = await page.evaluate('typeof top.hostile');
  const found = await page
    .locator('img[src=x], script:not([src]), [href^="javascript:" i], [src^="javascript:" i], [onerror]')
    .count();
  return [
    ...(ran === 'undefined' ? [] : [`it ran: ${ran}`]),
    ...(found === 0 ? [] : [`${found} elements of it`]),
  ];
}

/** Rows in every table that the console lists, with text as bad as it can be wherever somebody else may put text. */
export async function fillWithHostileRows({ pool, dataDir }: World): Promise<void> {
  const sql = (text: string, values: readonly unknown[]) => pool.query(text, [...values]);
  await sql(
    `insert into documents (id, job_key, job_id, user_id, kind, format, title, file_name, content_type, bytes, sha256, storage_key)
     values ('doc"><b>', $1, $1, $1, $1, $1, $1, $1, $1, 12, 'abc', 'reports/a.pdf')`,
    [hostile],
  );
  await sql(
    `insert into email_deliveries (job_key, recipient, template, provider, status, reason, message_id, outcome, outcome_reason, outcome_at)
     values ($1, 'a"><b>@example.org', $1, $1, 'rejected', $1, null, 'bounced', $1, now()),
            ('email:bad', 'bad@example.org', 'reminder', 'outbox', 'sent', null, 'bad.eml', null, null, null)`,
    [hostile],
  );
  await sql(
    `insert into email_events (id, type, email, job_key, reason, occurred_at)
     values ('e', 'bounced', 'a"><b>@example.org', $1, $1, now())`,
    [hostile],
  );
  await sql(
    `insert into sync_positions (kind, job_key, windows, next_page, totals)
     values ('kind"><b>', 'job"><b>', '[]', 0, jsonb_build_object('from', $1::text, 'to', $1::text, 'fetched', 1, 'inserted', 1,
       'updated', 0, 'unchanged', 0, 'skipped', 1, 'skippedReasons', jsonb_build_object($1::text, 1), 'requestsUsed', 1, 'pages', 1))`,
    [hostile],
  );
  await sql(`insert into sync_checkpoints (kind, synced_through) values ($1, '2026-01-01')`, [hostile]);
  await sql(
    `insert into sync_rejects (kind, job_key, record_id, reason, raw)
     values ('kind"><b>', 'job"><b>', $1, $1, jsonb_build_object($1::text, $1::text))`,
    [hostile],
  );
  await sql(
    `insert into conversions (id, upload_path, mapping, file_name, status, error_code, error_message, leased_by, converter, failed_at)
     values ('bad', $1, $1, $1, 'failed', $1, $1, $1, $1, now())`,
    [hostile],
  );
  await sql(
    `insert into cer_reports (id, subject, correlation_id, job_id, device_name, request, status, error_code, error_message, notify_email, notify_url)
     values ('bad', $1, $1, $1, $1, '{}', 'failed', $1, $1, $1, 'javascript:top.hostile = 4')`,
    [hostile],
  );
  const outbox = join(dataDir, 'outbox');
  await mkdir(outbox, { recursive: true });
  await writeFile(
    join(outbox, 'bad.eml'),
    [
      'From: a@example.org',
      'To: bad@example.org',
      'Subject: bad',
      'MIME-Version: 1.0',
      'Content-Type: multipart/alternative; boundary=b',
      '',
      '--b',
      'Content-Type: text/plain; charset=utf-8',
      '',
      `The text part. ${hostile}`,
      '--b',
      'Content-Type: text/html; charset=utf-8',
      '',
      `<p>The HTML part.</p>${hostile}<link rel="stylesheet" href="/admin/beacon.css"><img src="/admin/beacon.png"><form action="/admin/beacon"><button>Go</button></form><meta http-equiv="refresh" content="0; url=/admin/beacon">`,
      '--b--',
      '',
    ].join('\r\n'),
  );
}
