-- additive
-- A dry run counted files that a cleanup leaves: those of old documents that a conversion still names, and those that an
-- upload or another cleanup has in hand.

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
            and not exists (select 1 from conversions c where c.upload_path = d.storage_key)
            and not exists (select 1 from conversions c where c.result_path = d.storage_key)
          group by d.storage_key having max(d.created_at) < p_before and not bool_or(is_cer_document(d.id))
          union
          select r.storage_key from storage_removals r
          where (r.claimed_until is null or r.claimed_until < now()) and not storage_key_wanted(r.storage_key)) files);
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

select protect_api('cleanup_due');
