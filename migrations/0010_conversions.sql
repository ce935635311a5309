-- additive
-- PDF to XML. A row is all that it takes: `insert into conversions (upload_path, mapping) values (...)`, from whatever
-- service, in whatever transaction. Workers claim rows under a lease.

create table conversions (
  -- Becomes part of the job's id and of the result's name.
  id                 text primary key default gen_random_uuid()::text check (id ~ '^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$'),
  -- A key of the storage, such as uploads/abc.pdf.
  upload_path        text not null check (upload_path <> ''),
  mapping            text not null default 'default',
  file_name          text,
  upload_bytes       bigint,
  status             text not null default 'queued' check (status in ('queued', 'processing', 'complete', 'failed')),
  -- Runs that have begun; those that were handed back without having failed do not count.
  attempts           int not null default 0,
  earlier_attempts   int not null default 0,
  -- Counts up with each claim; with the id it names the job that the claim became.
  claims             int not null default 0,
  -- Runs that ended without a word, since their worker died.
  lost_runs          int not null default 0,
  job_key            text,
  -- The run under way: only it may write the outcome.
  run_token          text,
  leased_by          text,
  lease_expires_at   timestamptz,
  result_path        text,
  result_bytes       bigint,
  line_items         int,
  converter          text,
  error_code         text,
  error_message      text,
  created_at         timestamptz not null default now(),
  started_at         timestamptz,
  completed_at       timestamptz,
  failed_at          timestamptz,
  updated_at         timestamptz not null default now(),
  -- Tells apart rows of one transaction, which have one time.
  position           bigint generated always as identity
);
create index conversions_open on conversions (created_at, position) where status in ('queued', 'processing');
create index conversions_ended on conversions (coalesce(completed_at, failed_at)) where status in ('complete', 'failed');
create index conversions_upload_path on conversions (upload_path);
create index conversions_result_path on conversions (result_path) where result_path is not null;

-- What was inserted is looked for by the workers that listen; what has ended makes room at those that wait for it.
create function notify_conversions() returns trigger
language plpgsql as $$
begin
  if tg_level = 'ROW' and new.status <> 'queued' then
    perform pg_notify('millrace_conversions', coalesce(new.job_key, ''));
  else
    perform pg_notify('millrace_conversions', '');
  end if;
  return null;
end $$;
create trigger conversions_inserted after insert on conversions
  for each statement execute function notify_conversions();
create trigger conversions_moved after update of status on conversions
  for each row when (old.status <> new.status and new.status <> 'processing') execute function notify_conversions();

-- `./uploads/a.pdf` is `uploads/a.pdf`. A row that names a file which waits to be removed calls the removal off, as
-- documents do.
create function check_conversion_upload() returns trigger
language plpgsql as $$
declare
  v_claimed_until timestamptz;
begin
  new.upload_path := regexp_replace(new.upload_path, '^(\./+)+', '');
  perform pg_advisory_xact_lock_shared(hashtextextended('storage:' || new.upload_path, 0));
  select claimed_until into v_claimed_until from storage_removals where storage_key = new.upload_path;
  if v_claimed_until > now() then
    raise exception 'The file % is being removed. Write it again.', new.upload_path using errcode = 'object_in_use';
  end if;
  delete from storage_removals where storage_key = new.upload_path;
  return new;
end $$;
create trigger check_conversion_upload before insert or update of upload_path on conversions
  for each row execute function check_conversion_upload();

-- Marks a file that is about to be uploaded as one to remove, later: an API that dies before its row is written leaves
-- a file that the next cleanup after this time finds.
create function reserve_upload(p_key text, p_seconds int) returns void
language sql as $$
  insert into storage_removals (storage_key, claimed_until) values (p_key, now() + make_interval(secs => p_seconds));
$$;

-- The upload came to nothing, and nothing of it was kept.
create function forget_upload(p_key text) returns void
language sql as $$
  delete from storage_removals where storage_key = p_key;
$$;

-- The upload is whole: its mark goes, its row comes.
create function create_conversion(p_id text, p_upload_path text, p_mapping text, p_file_name text, p_upload_bytes bigint)
returns setof conversions
language plpgsql as $$
begin
  delete from storage_removals where storage_key = p_upload_path;
  return query insert into conversions (id, upload_path, mapping, file_name, upload_bytes)
    values (p_id, p_upload_path, p_mapping, p_file_name, p_upload_bytes) returning *;
end $$;

-- Claims what waits or was abandoned, oldest first. A row whose runs were lost `p_most_lost` times, each time with their
-- worker, is given up: it may be what they died of.
create function claim_conversions(p_worker text, p_seconds int, p_limit int, p_most_lost int) returns setof conversions
language plpgsql as $$
begin
  update conversions set
    status = 'failed', failed_at = now(), updated_at = now(), leased_by = null, lease_expires_at = null, run_token = null,
    error_code = 'UNKNOWN', error_message = format('Given up: %s workers were lost while they worked at it.', lost_runs + 1)
  where id in (
    select c.id from conversions c
    where c.status in ('queued', 'processing') and c.status = 'processing' and c.lease_expires_at < now()
      and c.run_token is not null and c.lost_runs + 1 >= p_most_lost
    for update skip locked);
  return query
    with due as (
      select c.id from conversions c
      where c.status in ('queued', 'processing') and (c.status = 'queued' or c.lease_expires_at < now())
      order by c.created_at, c.position limit p_limit for update skip locked
    ), claimed as (
      update conversions c set
        status = 'processing', claims = c.claims + 1, job_key = 'conversion.' || c.id || '.' || (c.claims + 1),
        lost_runs = case when c.status = 'queued' then 0 else c.lost_runs + (c.run_token is not null)::int end,
        run_token = null, earlier_attempts = c.attempts,
        leased_by = p_worker, lease_expires_at = now() + make_interval(secs => p_seconds),
        started_at = now(), completed_at = null, failed_at = null, error_code = null, error_message = null, updated_at = now()
      from due where c.id = due.id
      returning c.*
    )
    select * from claimed order by created_at, position;
end $$;

-- Which of these claims still stand; their leases are renewed.
create function renew_conversions(p_job_keys text[], p_seconds int) returns setof text
language sql as $$
  update conversions set lease_expires_at = now() + make_interval(secs => p_seconds)
  where id in (select split_part(k, '.', 2) from unnest(p_job_keys) k) and job_key = any(p_job_keys) and status = 'processing'
  returning job_key;
$$;

-- A job takes its row for one run, and so takes it from any earlier run of the same job. A job that is no claim's, added
-- by hand, also takes rows that have failed or were abandoned. Nothing comes back when the row has ended or is another's.
create function begin_conversion(
  p_id text, p_job_key text, p_run text, p_attempt int, p_worker text, p_seconds int, p_by_hand boolean)
returns setof conversions
language sql as $$
  update conversions c set
    status = 'processing', job_key = p_job_key, run_token = p_run,
    lost_runs = c.lost_runs + (c.run_token is not null)::int,
    earlier_attempts = case when same then c.earlier_attempts else c.attempts end,
    attempts = p_attempt + case when same then c.earlier_attempts else c.attempts end,
    leased_by = p_worker, lease_expires_at = now() + make_interval(secs => p_seconds),
    started_at = now(), failed_at = null, error_code = null, error_message = null, updated_at = now()
  from (select k.id, k.job_key = p_job_key and k.status = 'processing' as same from conversions k where k.id = p_id for update) as held
  where c.id = held.id and c.status <> 'complete' and (
    (c.job_key = p_job_key and c.status in ('processing', 'failed'))
    or c.status = 'queued'
    or (p_by_hand and (c.status = 'failed' or c.lease_expires_at < now())))
  returning c.*;
$$;

create function renew_conversion_run(p_id text, p_run text, p_seconds int) returns boolean
language sql as $$
  with renewed as (
    update conversions set lease_expires_at = now() + make_interval(secs => p_seconds)
    where id = p_id and run_token = p_run and status = 'processing'
    returning 1
  )
  select exists (select 1 from renewed);
$$;

-- The outcome of a run; false when the row is another run's by now.
create function finish_conversion(
  p_id text, p_run text, p_result_path text, p_result_bytes bigint, p_line_items int, p_converter text)
returns boolean
language sql as $$
  with finished as (
    update conversions set
      status = 'complete', completed_at = now(), updated_at = now(), result_path = p_result_path,
      result_bytes = p_result_bytes, line_items = p_line_items, converter = p_converter, leased_by = null,
      lease_expires_at = null, run_token = null
    where id = p_id and run_token = p_run and status = 'processing'
    returning 1
  )
  select exists (select 1 from finished);
$$;

-- For good. By its run, or, of a job that failed outside any run, by its key.
create function fail_conversion(p_id text, p_run text, p_job_key text, p_error_code text, p_error_message text) returns boolean
language sql as $$
  with failed as (
    update conversions set
      status = 'failed', failed_at = now(), updated_at = now(), error_code = p_error_code, error_message = p_error_message,
      leased_by = null, lease_expires_at = null, run_token = null
    where id = p_id and status = 'processing' and (run_token = p_run or (p_run is null and job_key = p_job_key))
    returning 1
  )
  select exists (select 1 from failed);
$$;

-- A run ended and another will follow under the same claim. One that was handed back without having failed did not count.
create function leave_conversion(p_id text, p_run text, p_counts boolean) returns void
language sql as $$
  update conversions set
    attempts = case when p_counts then attempts else greatest(attempts - 1, 0) end, run_token = null, updated_at = now()
  where id = p_id and run_token = p_run and status = 'processing';
$$;

-- Claims that became no job: their rows wait again, as if nothing had happened.
create function release_conversions(p_job_keys text[]) returns void
language sql as $$
  update conversions set
    status = 'queued', job_key = null, leased_by = null, lease_expires_at = null, started_at = null, updated_at = now()
  where job_key = any(p_job_keys) and run_token is null and status = 'processing';
$$;

-- Whether any row still names the file.
create or replace function storage_key_wanted(p_key text) returns boolean
language sql stable as $$
  select exists (select 1 from documents d where d.storage_key = p_key)
      or exists (select 1 from attachments a where a.storage_key = p_key)
      or exists (select 1 from conversions c where c.upload_path = p_key)
      or exists (select 1 from conversions c where c.result_path = p_key);
$$;

-- Whether a storage could hold a file of that name: rows come from elsewhere, and what is none of ours to remove would
-- stop every cleanup.
create function is_storage_key(p_key text) returns boolean
language sql immutable as $$
  select length(p_key) between 1 and 500 and p_key !~ '[[:cntrl:]\\:]' and p_key !~ '(^|/)(\.|/|$)' and p_key !~ '[. ](/|$)';
$$;

-- How many rows of a class are past their time, and how many files only they name.
create or replace function cleanup_due(p_class text, p_before timestamptz) returns table (row_count bigint, file_count bigint)
language plpgsql stable as $$
begin
  case p_class
    when 'opportunities' then return query
      select count(*), 0::bigint from opportunities
      where opportunity_closed_on(active, archive_on, response_deadline, posted_on) < (p_before at time zone 'UTC')::date;
    when 'documents' then return query
      select (select count(*) from documents where created_at < p_before),
        (select count(*) from (
          select d.storage_key from documents d
          where not exists (select 1 from attachments a where a.storage_key = d.storage_key)
          group by d.storage_key having max(d.created_at) < p_before
          union
          select r.storage_key from storage_removals r where not storage_key_wanted(r.storage_key)) files);
    when 'deliveries' then return query
      select count(*), 0::bigint from email_deliveries where claimed_at < p_before;
    when 'mailEvents' then return query
      select count(*), 0::bigint from email_events where received_at < p_before;
    when 'scheduleTicks' then return query
      select count(*), 0::bigint from schedule_ticks_passed where created_at < p_before;
    when 'syncRejects' then return query
      select count(*), 0::bigint from sync_rejects where created_at < p_before;
    when 'syncPositions' then return query
      select count(*), 0::bigint from sync_positions where updated_at < p_before;
    when 'conversions' then return query
      with old as (
        select id, upload_path, result_path from conversions
        where status in ('complete', 'failed') and coalesce(completed_at, failed_at) < p_before
      ), files as (
        select upload_path as key from old where is_storage_key(upload_path)
        union select result_path from old where result_path is not null
      )
      select (select count(*) from old), (select count(*) from files f where not exists (
        select 1 from conversions c
        where c.upload_path = f.key and c.id not in (select id from old)));
  end case;
end $$;

-- Removes one batch of a class, oldest first, and counts it for the job.
create or replace function cleanup_batch(p_class text, p_before timestamptz, p_limit int, p_job_key text) returns int
language plpgsql as $$
declare
  v_ids text[];
  v_removed int;
begin
  case p_class
    when 'opportunities' then
      select array_agg(due.notice_id) into v_ids from (
        select o.notice_id from opportunities o
        where opportunity_closed_on(active, archive_on, response_deadline, posted_on) < (p_before at time zone 'UTC')::date
        order by opportunity_closed_on(active, archive_on, response_deadline, posted_on)
        limit p_limit for update skip locked) due;
      delete from opportunities_archive where notice_id = any(v_ids);
      insert into opportunities_archive (
        notice_id, title, solicitation, agency, office, notice_type, set_aside, naics, classification, posted_on,
        response_deadline, archive_on, active, place_state, place_country, award_amount, award_on, awardee, url,
        description_url, raw, content_hash, first_seen_at, updated_at)
      select
        notice_id, title, solicitation, agency, office, notice_type, set_aside, naics, classification, posted_on,
        response_deadline, archive_on, active, place_state, place_country, award_amount, award_on, awardee, url,
        description_url, raw, content_hash, first_seen_at, updated_at
      from opportunities where notice_id = any(v_ids);
      delete from opportunities where notice_id = any(v_ids);
    when 'documents' then
      select array_agg(due.id) into v_ids from (
        select d.id from documents d where d.created_at < p_before
        order by d.created_at limit p_limit for update skip locked) due;
      insert into storage_removals (storage_key)
      select distinct d.storage_key from documents d where d.id = any(v_ids)
      on conflict (storage_key) do nothing;
      delete from documents where id = any(v_ids);
    when 'deliveries' then
      delete from email_deliveries where (job_key, recipient) in (
        select d.job_key, d.recipient from email_deliveries d where d.claimed_at < p_before
        order by d.claimed_at limit p_limit for update skip locked);
    when 'mailEvents' then
      delete from email_events where id in (
        select e.id from email_events e where e.received_at < p_before
        order by e.received_at limit p_limit for update skip locked);
    when 'scheduleTicks' then
      delete from schedule_ticks where (schedule, tick_at) in (
        select t.schedule, t.tick_at from schedule_ticks_passed t where t.created_at < p_before
        order by t.created_at limit p_limit);
    when 'syncRejects' then
      delete from sync_rejects where id in (
        select r.id from sync_rejects r where r.created_at < p_before
        order by r.created_at limit p_limit for update skip locked);
    when 'syncPositions' then
      delete from cleanup_counts where updated_at < p_before;
      delete from sync_positions where (kind, job_key) in (
        select s.kind, s.job_key from sync_positions s where s.updated_at < p_before
        order by s.updated_at limit p_limit for update skip locked);
    when 'conversions' then
      select array_agg(due.id) into v_ids from (
        select c.id from conversions c
        where c.status in ('complete', 'failed') and coalesce(c.completed_at, c.failed_at) < p_before
        order by coalesce(c.completed_at, c.failed_at) limit p_limit for update skip locked) due;
      insert into storage_removals (storage_key)
      select c.upload_path from conversions c where c.id = any(v_ids) and is_storage_key(c.upload_path)
      union select c.result_path from conversions c where c.id = any(v_ids) and c.result_path is not null
      on conflict (storage_key) do nothing;
      delete from conversions where id = any(v_ids);
  end case;
  get diagnostics v_removed = row_count;
  perform count_cleanup(p_job_key, p_class, v_removed);
  return v_removed;
end $$;

select protect_api(
  'conversions', 'notify_conversions', 'check_conversion_upload', 'reserve_upload', 'forget_upload', 'create_conversion',
  'claim_conversions', 'renew_conversions', 'begin_conversion', 'renew_conversion_run', 'finish_conversion',
  'fail_conversion', 'leave_conversion', 'release_conversions', 'is_storage_key');
