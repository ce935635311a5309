-- additive
-- Clinical evaluation reports: what was asked for, and what became of it.

create table cer_reports (
  id                 text primary key,
  -- Who asked for it, as the token says.
  subject            text not null,
  correlation_id     text not null,
  -- The job that is in charge of it: the one that it was added with, or the one that began last.
  job_id             text not null,
  device_name        text not null,
  request            jsonb not null,
  -- What a model has drafted, kept so that a later attempt neither pays again nor says something else.
  drafts             jsonb,
  status             text not null default 'queued' check (status in ('queued', 'processing', 'completed', 'failed')),
  attempts           int  not null default 0,
  browser_failures   int  not null default 0,
  renderer           text check (renderer in ('chromium', 'pdfkit')),
  document_id        text,
  error_code         text,
  error_message      text,
  notify_email       text,
  notify_url         text,
  -- How often it has completed or failed: each time has notices of its own.
  outcomes           int  not null default 0,
  notice_due         boolean not null default false,
  created_at         timestamptz not null default now(),
  started_at         timestamptz,
  completed_at       timestamptz,
  failed_at          timestamptz,
  updated_at         timestamptz not null default now(),
  -- When it was last compared with its job.
  checked_at         timestamptz not null default now()
);
create index cer_reports_job_id on cer_reports (job_id);
create index cer_reports_open on cer_reports (checked_at) where status in ('queued', 'processing') or notice_due;

-- A job takes the report on. A completed one is not begun again: no row comes back.
create function begin_cer_report(p_id text, p_job_id text) returns setof cer_reports
language sql as $$
  update cer_reports set
    status = 'processing', job_id = p_job_id, attempts = attempts + 1, error_code = null, error_message = null,
    failed_at = null, started_at = coalesce(started_at, now()), updated_at = now(), checked_at = now()
  where id = p_id and status <> 'completed'
  returning *;
$$;

-- False when another attempt has completed it before.
create function complete_cer_report(p_id text, p_document_id text, p_renderer text) returns boolean
language sql as $$
  with completed as (
    update cer_reports set
      status = 'completed', document_id = p_document_id, renderer = p_renderer, error_code = null,
      error_message = null, failed_at = null, completed_at = now(), updated_at = now(), outcomes = outcomes + 1,
      notice_due = notify_email is not null or notify_url is not null
    where id = p_id and status <> 'completed'
    returning 1
  )
  select exists (select 1 from completed);
$$;

-- The job has failed for good. Names the report, unless it has ended before or belongs to another job by now.
create function fail_cer_report(p_job_id text, p_code text, p_message text) returns text
language sql as $$
  update cer_reports set
    status = 'failed', error_code = p_code, error_message = p_message, failed_at = now(), updated_at = now(),
    outcomes = outcomes + 1, notice_due = notify_email is not null or notify_url is not null
  where job_id = p_job_id and status in ('queued', 'processing')
  returning id;
$$;

-- The browser has failed at this report; says how often it has by now.
create function count_cer_browser_failure(p_id text) returns int
language sql as $$
  update cer_reports set browser_failures = browser_failures + 1, updated_at = now() where id = p_id
  returning browser_failures;
$$;

-- Reports that should be compared with their jobs, those first that were not for the longest time. Processes that ask
-- at once are given different ones.
create function claim_cer_checks(p_seconds int, p_limit int)
returns table (id text, job_id text, correlation_id text, status text, notice_due boolean)
language sql as $$
  with chosen as (
    select c.id from cer_reports c
    where (c.status in ('queued', 'processing') or c.notice_due)
      and c.checked_at < now() - make_interval(secs => p_seconds)
    order by c.checked_at
    limit p_limit
    for update skip locked
  )
  update cer_reports c set checked_at = now()
  from chosen where c.id = chosen.id
  returning c.id, c.job_id, c.correlation_id, c.status, c.notice_due;
$$;

select protect_api('cer_reports', 'begin_cer_report', 'complete_cer_report', 'fail_cer_report',
  'count_cer_browser_failure', 'claim_cer_checks');
