-- additive
-- Lists for people: documents, mails, syncs, conversions and reports, newest first. A page goes on after the `place` of the
-- last row of the page before: its time in µs, and the keys that tell apart rows of one time.

create index documents_kind on documents (kind, created_at);
create index email_deliveries_recipient on email_deliveries (lower(recipient), claimed_at);
create index sync_positions_updated_at on sync_positions (updated_at);
create index conversions_created_at on conversions (created_at, position);
create index conversions_status on conversions (status, created_at, position);
create index cer_reports_created_at on cer_reports (created_at, id);

create function in_micros(p_at timestamptz) returns bigint
language sql immutable as $$ select (extract(epoch from p_at) * 1000000)::bigint $$;

-- The time of a place; without a place, later than any.
create function at_place(p_place jsonb) returns timestamptz
language sql stable as $$
  select coalesce(timestamptz 'epoch' + (p_place->>0)::bigint * interval '1 microsecond', 'infinity');
$$;

-- plpgsql, since it plans for the values given: conditions that ask for nothing cost nothing.
create function document_page(p_kind text, p_format text, p_before jsonb, p_limit int) returns jsonb
language plpgsql stable as $$
declare
  v_at timestamptz := at_place(p_before);
  v_id text := coalesce(p_before->>1, '');
begin
  return (
    select coalesce(jsonb_agg(to_jsonb(d) || jsonb_build_object('place', jsonb_build_array(in_micros(d.created_at), d.id))
      order by d.created_at desc, d.id desc), '[]')
    from (
      select * from documents
      where (created_at, id) < (v_at, v_id)
        and (p_kind is null or kind = p_kind) and (p_format is null or format = p_format)
      order by created_at desc, id desc limit p_limit) d);
end $$;

create function mail_page(p_filter jsonb, p_before jsonb, p_limit int) returns jsonb
language plpgsql stable as $$
declare
  v_at timestamptz := at_place(p_before);
  v_job_key text := coalesce(p_before->>1, '');
  v_to text := coalesce(p_before->>2, '');
  v_recipient text := lower(p_filter->>'recipient');
  v_status text := p_filter->>'status';
  v_outcome text := p_filter->>'outcome';
  v_template text := p_filter->>'template';
begin
  return (
    select coalesce(jsonb_agg(to_jsonb(m) || jsonb_build_object('place', jsonb_build_array(in_micros(m.claimed_at), m.job_key, m.recipient))
      order by m.claimed_at desc, m.job_key desc, m.recipient desc), '[]')
    from (
      select * from email_deliveries
      where (claimed_at, job_key, recipient) < (v_at, v_job_key, v_to)
        and (v_recipient is null or lower(recipient) = v_recipient) and (v_status is null or status = v_status)
        and (v_outcome is null or outcome = v_outcome) and (v_template is null or template = v_template)
      order by claimed_at desc, job_key desc, recipient desc limit p_limit) m);
end $$;

-- One mail, and what its provider has told of it since.
create function find_mail(p_job_key text, p_recipient text) returns jsonb
language sql stable as $$
  select to_jsonb(d) || jsonb_build_object('place', '[]'::jsonb, 'events', (
    select coalesce(jsonb_agg(jsonb_build_object('type', e.type, 'reason', e.reason, 'at', e.occurred_at)
      order by e.occurred_at, e.id), '[]')
    from (
      select * from email_events where message_id = d.message_id
      union
      select * from email_events where email = lower(d.recipient) and job_key = d.job_key) e
    where e.email = lower(d.recipient)))
  from email_deliveries d where d.job_key = p_job_key and d.recipient = p_recipient;
$$;
create index email_events_mail on email_events (email, job_key);
create index email_events_message_id on email_events (message_id) where message_id is not null;

-- Where each sync stands: with the totals that it has written, the records that it could not read, and whether it runs.
create function sync_run_page(p_kind text, p_job_key text, p_before jsonb, p_limit int) returns jsonb
language plpgsql stable as $$
declare
  v_at timestamptz := at_place(p_before);
  v_kind text := coalesce(p_before->>1, '');
  v_job_key text := coalesce(p_before->>2, '');
begin
  return (
    select coalesce(jsonb_agg(to_jsonb(s) || jsonb_build_object(
        'place', jsonb_build_array(in_micros(s.updated_at), s.kind, s.job_key),
        'rejects', (select count(*) from sync_rejects r where r.job_key = s.job_key and r.kind = s.kind),
        'running', exists (
          select 1 from sync_leases l where l.kind = s.kind and l.holder = s.job_key and l.expires_at > now()))
      order by s.updated_at desc, s.kind desc, s.job_key desc), '[]')
    from (
      select * from sync_positions
      where (updated_at, kind, job_key) < (v_at, v_kind, v_job_key)
        and (p_kind is null or kind = p_kind) and (p_job_key is null or job_key = p_job_key)
      order by updated_at desc, kind desc, job_key desc limit p_limit) s);
end $$;

-- Records that one sync could not read, the latest first.
create function sync_reject_page(p_kind text, p_job_key text, p_before bigint, p_limit int) returns jsonb
language sql stable as $$
  select coalesce(jsonb_agg(to_jsonb(r) order by r.id desc), '[]')
  from (
    select * from sync_rejects
    where job_key = p_job_key and kind = p_kind and id < coalesce(p_before, 9223372036854775807)
    order by id desc limit p_limit) r;
$$;

-- What holds for the kinds: up to which day everything has been seen, and today's requests by key.
create function sync_state() returns jsonb
language sql stable as $$
  select jsonb_build_object(
    'kinds', (select coalesce(jsonb_agg(jsonb_build_object('kind', c.kind, 'synced_through', c.synced_through, 'updated_at', c.updated_at)
                order by c.kind), '[]') from sync_checkpoints c),
    'requests', (select coalesce(jsonb_agg(jsonb_build_object('key', b.key_name, 'used', b.used) order by b.key_name), '[]')
                from request_budgets b where b.day = (now() at time zone 'UTC')::date));
$$;

create function conversion_page(p_status text, p_error_code text, p_before jsonb, p_limit int) returns jsonb
language plpgsql stable as $$
declare
  v_at timestamptz := at_place(p_before);
  v_position bigint := coalesce((p_before->>1)::bigint, 0);
begin
  return (
    select coalesce(jsonb_agg(to_jsonb(c) || jsonb_build_object('place', jsonb_build_array(in_micros(c.created_at), c.position))
      order by c.created_at desc, c.position desc), '[]')
    from (
      select * from conversions
      where (created_at, position) < (v_at, v_position)
        and (p_status is null or status = p_status) and (p_error_code is null or error_code = p_error_code)
      order by created_at desc, position desc limit p_limit) c);
end $$;

create function cer_report_page(p_status text, p_before jsonb, p_limit int) returns jsonb
language plpgsql stable as $$
declare
  v_at timestamptz := at_place(p_before);
  v_id text := coalesce(p_before->>1, '');
begin
  return (
    select coalesce(jsonb_agg(to_jsonb(c) - 'request' - 'drafts'
        || jsonb_build_object('place', jsonb_build_array(in_micros(c.created_at), c.id))
      order by c.created_at desc, c.id desc), '[]')
    from (
      select * from cer_reports
      where (created_at, id) < (v_at, v_id) and (p_status is null or status = p_status)
      order by created_at desc, id desc limit p_limit) c);
end $$;

select protect_api(
  'in_micros', 'at_place', 'document_page', 'mail_page', 'find_mail', 'sync_run_page', 'sync_reject_page', 'sync_state',
  'conversion_page', 'cer_report_page');
