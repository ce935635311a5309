-- additive
-- Clinical evaluation reports are removed with their documents and files, once they have ended long enough ago and whoever
-- waits for them has been told. Their documents have no age of their own: where a report says that there is a PDF, it is.

create index cer_reports_document on cer_reports (document_id) where document_id is not null;
create index cer_reports_ended on cer_reports (coalesce(completed_at, failed_at)) where status in ('completed', 'failed');

create function is_cer_document(p_id text) returns boolean
language sql stable as $$
  select exists (select 1 from cer_reports c where c.document_id = p_id);
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
      select (select count(*) from documents d where d.created_at < p_before and not is_cer_document(d.id)),
        (select count(*) from (
          select d.storage_key from documents d
          where not exists (select 1 from attachments a where a.storage_key = d.storage_key)
          group by d.storage_key having max(d.created_at) < p_before and not bool_or(is_cer_document(d.id))
          union
          select r.storage_key from storage_removals r where not storage_key_wanted(r.storage_key)) files);
    when 'cerReports' then return query
      with old as (
        select c.id, c.document_id from cer_reports c
        where c.status in ('completed', 'failed') and coalesce(c.completed_at, c.failed_at) < p_before and not c.notice_due
      ), files as (
        select distinct d.storage_key as key from documents d where d.id in (select o.document_id from old o)
      )
      select (select count(*) from old), (select count(*) from files f where not exists (
          select 1 from documents d
          where d.storage_key = f.key and d.id not in (select o.document_id from old o where o.document_id is not null))
        and not exists (select 1 from attachments a where a.storage_key = f.key)
        and not exists (select 1 from conversions c where f.key in (c.upload_path, c.result_path)));
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
  v_documents text[];
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
        select d.id from documents d where d.created_at < p_before and not is_cer_document(d.id)
        order by d.created_at limit p_limit for update skip locked) due;
      insert into storage_removals (storage_key)
      select distinct d.storage_key from documents d where d.id = any(v_ids)
      on conflict (storage_key) do nothing;
      delete from documents where id = any(v_ids);
    when 'cerReports' then
      select array_agg(due.id), array_agg(due.document_id) into v_ids, v_documents from (
        select c.id, c.document_id from cer_reports c
        where c.status in ('completed', 'failed') and coalesce(c.completed_at, c.failed_at) < p_before and not c.notice_due
        order by coalesce(c.completed_at, c.failed_at) limit p_limit for update skip locked) due;
      insert into storage_removals (storage_key)
      select distinct d.storage_key from documents d where d.id = any(v_documents)
      on conflict (storage_key) do nothing;
      delete from documents where id = any(v_documents);
      delete from cer_reports where id = any(v_ids);
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

select protect_api('is_cer_document', 'cleanup_due', 'cleanup_batch');
