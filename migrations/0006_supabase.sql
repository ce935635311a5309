-- additive
-- What Supabase's API needs: functions for what is atomic or has no form as a request on a table, and who may use them.

-- The tables, views and functions of ours that the API gives to the service and to nobody else.
create table api_objects (
  name               text primary key
);

-- Adds names to that list, and applies it: the service role reads and writes, all others are shut out, by their rights
-- and by row level security without a policy. A migration that adds a table or a function ends with a call. Where the
-- roles were made after the migrations, `select protect_api()` gives them their rights. Without a service role, as on a
-- plain PostgreSQL, nothing is changed.
create function protect_api(variadic p_names text[] default '{}') returns void
language plpgsql as $$
declare
  v_names text[];
  v_object record;
  v_others text;
begin
  insert into api_objects (name) select unnest(p_names) on conflict do nothing;
  if not exists (select from pg_roles where rolname = 'service_role') then
    return;
  end if;
  v_names := array(select name from api_objects);
  select concat_ws(', ', 'public', string_agg(quote_ident(rolname), ', ')) into v_others
  from pg_roles where rolname in ('anon', 'authenticated');

  for v_object in
    select c.oid::regclass as name, c.relkind as kind, c.relrowsecurity as secured
    from pg_class c
    where c.relname = any(v_names) and c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p', 'v', 'm')
  loop
    execute format('revoke all on %s from %s', v_object.name, v_others);
    execute format('grant select, insert, update, delete on %s to service_role', v_object.name);
    if v_object.kind in ('r', 'p') and not v_object.secured then
      execute format('alter table %s enable row level security', v_object.name);
    end if;
  end loop;

  for v_object in
    select p.oid::regprocedure as name
    from pg_proc p
    where p.proname = any(v_names) and p.pronamespace = current_schema()::regnamespace
  loop
    execute format('revoke all on function %s from %s', v_object.name, v_others);
    execute format('grant execute on function %s to service_role', v_object.name);
  end loop;

  -- PostgREST keeps a picture of the schema, which is now out of date.
  notify pgrst, 'reload schema';
end $$;

-- The migrations that have been applied: [{ version, name, additive }].
create function applied_migrations() returns jsonb
language sql stable as $$
  select coalesce(jsonb_agg(jsonb_build_object('version', version, 'name', name, 'additive', additive) order by version), '[]')
  from millrace_migrations;
$$;

-- Notes a mail's outcome. Nothing undoes `sent`; run again it changes nothing. False when the mail was never claimed.
create function settle_delivery(p_job_key text, p_recipient text, p_status text, p_message_id text, p_reason text)
returns boolean
language sql as $$
  with settled as (
    update email_deliveries set
      status = case when status = 'sent' then status else p_status end,
      message_id = case when status = 'sent' then message_id else p_message_id end,
      reason = case when status = 'sent' then reason else p_reason end,
      sent_at = case when status = 'sent' then sent_at when p_status = 'sent' then now() end
    where job_key = p_job_key and recipient = p_recipient
    returning 1
  )
  select exists (select 1 from settled);
$$;

-- Replaces a story's text and scores. What a model said of the old text goes with it: it would stand beside scores that
-- it does not explain.
create function edit_story(
  p_id text, p_title text, p_content text, p_sector_tag text, p_impact_tags text[], p_hype_score numeric,
  p_ethics_score numeric)
returns setof stories
language sql as $$
  update stories set
    title = p_title, content = p_content, sector_tag = p_sector_tag, impact_tags = p_impact_tags,
    hype_score = p_hype_score, ethics_score = p_ethics_score, reality_check = null, eli5_summary = null, model = null,
    revision = revision + 1, updated_at = now()
  where id = p_id
  returning *;
$$;

-- Marks the time from which a new schedule counts. Schedulers that start together set one: a later one would hide the
-- ticks before it.
create function set_schedule_baseline(p_schedule text, p_at timestamptz) returns void
language plpgsql as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('schedule ' || p_schedule, 0));
  insert into schedule_ticks (schedule, tick_at, state, claimed_by, claim_expires_at)
  select p_schedule, p_at, 'baseline', 'baseline', now()
  where not exists (select 1 from schedule_ticks where schedule = p_schedule);
end $$;

-- A report's figures, from one snapshot. Weeks begin on Monday (ISO 8601); those without a posting are listed with 0, up
-- to a year before the first and after the last posting.
create function report_figures(p_start date, p_end date) returns jsonb
language sql stable as $$
  with posted as materialized (
    select agency, set_aside, award_amount, posted_on,
           active and response_deadline between now() and now() + interval '7 days' as closing_soon
    from opportunities where posted_on between p_start and p_end
  ), by_week as (
    select date_trunc('week', posted_on::timestamp)::date as week, count(*) as count from posted group by 1
  ), extent as (
    select greatest(p_start, min(posted_on) - 364) as first_day, least(p_end, max(posted_on) + 364) as last_day
    from posted having count(*) > 0
  ), weeks as (
    select series::date as week
    from extent,
         generate_series(date_trunc('week', first_day::timestamp), last_day::timestamp, interval '7 days') as series
  )
  select jsonb_build_object(
    'opportunities', (select count(*) from posted),
    'agencies', (select count(distinct agency) from posted),
    'closing_soon', (select count(*) from posted where closing_soon),
    'awarded', (select coalesce(sum(award_amount), 0)::numeric(20, 2)::text from posted),
    'by_agency', (
      select coalesce(jsonb_agg(jsonb_build_object('name', name, 'count', count) order by count desc, name), '[]')
      from (select coalesce(agency, 'Not stated') as name, count(*) as count from posted group by 1) a),
    'by_week', (
      select coalesce(jsonb_agg(jsonb_build_object('name', week, 'count', coalesce(count, 0)) order by week), '[]')
      from weeks left join by_week using (week)),
    'by_set_aside', (
      select coalesce(jsonb_agg(jsonb_build_object('name', name, 'count', count) order by count desc, name), '[]')
      from (select coalesce(set_aside, 'Not stated') as name, count(*) as count from posted group by 1) s));
$$;

-- The next rows of a report, after a day and a notice, in the order of their posting. Rows that were first seen after
-- `p_as_of` are left out, so that a sync that is writing does not make a report longer while it is being read.
-- A single value, since answers of many rows are cut at the API's limit.
create function report_page(p_start date, p_end date, p_after_day date, p_after_id text, p_as_of timestamptz, p_limit int)
returns jsonb
language sql stable as $$
  select jsonb_build_object('as_of', coalesce(p_as_of, now()), 'rows', coalesce(jsonb_agg(to_jsonb(page) order by posted_on, notice_id), '[]'))
  from (
    select notice_id, title, agency, notice_type, set_aside, naics, posted_on, response_deadline,
           award_amount::text as award_amount, url
    from opportunities
    where posted_on between p_start and p_end
      and (p_after_day is null or (posted_on, notice_id) > (p_after_day, p_after_id))
      and first_seen_at <= coalesce(p_as_of, now())
    order by posted_on, notice_id limit p_limit) page;
$$;

-- Proposals as reports list them, with the agency of the notice that each answers.
create view proposal_rows as
  select p.id, p.user_id, p.notice_id, p.title, p.status, p.amount::text as amount, p.currency, p.due_on, p.submitted_on,
         p.decided_on, p.updated_at, o.agency
  from proposals p left join opportunities o using (notice_id);

-- A user's proposals of some days (UTC), at most `p_limit` of them as rows; by week for the last two years of the range.
create function proposal_figures(p_user_id text, p_start date, p_end date, p_limit int) returns jsonb
language sql stable as $$
  with found as materialized (
    select * from proposals
    where user_id = p_user_id
      and ((updated_at at time zone 'UTC')::date between p_start and p_end or submitted_on between p_start and p_end)
  ), weeks as (
    select series::date as week
    from generate_series(date_trunc('week', greatest(p_start, p_end - 728)::timestamp), p_end::timestamp,
                         interval '7 days') as series
  ), by_week as (
    select date_trunc('week', submitted_on::timestamp)::date as week, count(*) as count
    from found where submitted_on between p_start and p_end group by 1
  )
  select jsonb_build_object(
    'by_status', (
      select coalesce(jsonb_agg(to_jsonb(s) order by count desc, status, currency), '[]')
      from (select status, currency, count(*) as count, coalesce(sum(amount), 0)::numeric(20, 2)::text as amount
            from found group by 1, 2) s),
    'by_week', (
      select coalesce(jsonb_agg(jsonb_build_object('week', week, 'count', coalesce(count, 0)) order by week), '[]')
      from weeks left join by_week using (week)),
    'rows', (
      select coalesce(jsonb_agg(to_jsonb(r) order by updated_at desc, id), '[]')
      from (select * from proposal_rows where id in (
              select id from found order by updated_at desc, id limit p_limit)) r));
$$;

-- A user's week from one snapshot: what is new, what closes in the seven days (UTC) after it, how the proposals stand.
create function week_figures(p_user_id text, p_start date, p_end date, p_limit int) returns jsonb
language sql stable as $$
  with listed as (
    select o.notice_id, o.title, o.agency, o.notice_type, o.set_aside, o.naics, o.posted_on, o.response_deadline,
           o.award_amount::text as award_amount, o.url,
           exists (select 1 from saved_opportunities s
                   where s.user_id = p_user_id and s.notice_id = o.notice_id) as saved,
           o.posted_on between p_start and p_end as is_new,
           coalesce(o.active and o.response_deadline >= (p_end + 1)::timestamp at time zone 'UTC'
             and o.response_deadline < (p_end + 8)::timestamp at time zone 'UTC', false) as closes
    from opportunities o
    where o.posted_on between p_start and p_end
       or (o.active and o.response_deadline >= (p_end + 1)::timestamp at time zone 'UTC'
             and o.response_deadline < (p_end + 8)::timestamp at time zone 'UTC')
  ), weeks as (
    select series::date as week
    from generate_series(date_trunc('week', p_start::timestamp) - interval '49 days', p_end::timestamp,
                         interval '7 days') as series
  ), by_week as (
    select date_trunc('week', posted_on::timestamp)::date as week, count(*) as count
    from opportunities where posted_on between date_trunc('week', p_start::timestamp)::date - 49 and p_end
    group by 1
  )
  select jsonb_build_object(
    'new_opportunities', (select count(*) from listed where is_new),
    'closing', (select count(*) from listed where closes),
    'closing_saved', (select count(*) from listed where closes and saved),
    'open_proposals', (
      select count(*) from proposals
      where user_id = p_user_id and status in ('draft', 'submitted', 'under-review')),
    'submitted_proposals', (
      select count(*) from proposals where user_id = p_user_id and submitted_on between p_start and p_end),
    'by_agency', (
      select coalesce(jsonb_agg(to_jsonb(a) order by count desc, agency), '[]')
      from (select coalesce(agency, 'Not stated') as agency, count(*) as count from listed where is_new group by 1) a),
    'by_week', (
      select coalesce(jsonb_agg(jsonb_build_object('week', week, 'count', coalesce(count, 0)) order by week), '[]')
      from weeks left join by_week using (week)),
    'new_rows', (
      select coalesce(jsonb_agg(to_jsonb(n) order by saved desc, posted_on desc, notice_id), '[]')
      from (select * from listed where is_new order by saved desc, posted_on desc, notice_id limit p_limit) n),
    'closing_rows', (
      select coalesce(jsonb_agg(to_jsonb(c) order by saved desc, response_deadline, notice_id), '[]')
      from (select * from listed where closes order by saved desc, response_deadline, notice_id limit p_limit) c),
    'proposal_rows', (
      select coalesce(jsonb_agg(to_jsonb(r) order by due_on nulls last, updated_at desc, id), '[]')
      from (select * from proposal_rows
            where user_id = p_user_id
              and (status in ('draft', 'submitted', 'under-review')
                or (updated_at at time zone 'UTC')::date between p_start and p_end)
            order by due_on nulls last, updated_at desc, id limit p_limit) r));
$$;

-- The next users, by id, who want a weekly report and can be mailed; `made` says that there is a document of the key.
create function weekly_subscriber_page(p_after text, p_limit int, p_key_prefix text)
returns table (id text, email text, made boolean)
language sql stable as $$
  select u.id, u.email, exists (select 1 from documents d where d.job_key = p_key_prefix || u.id)
  from users u
  where u.id > p_after and u.wants_reports
    and not exists (select 1 from email_suppressions s where s.email = lower(u.email))
  order by u.id limit p_limit;
$$;

-- The next rows of an export, after a key, as text in PostgreSQL's notation; times are UTC. `p_filters` is
-- [{ column, is: any | from | to, values }]. Names are quoted and must be columns of the data set. Rows that came after
-- `p_as_of` are left out, so that an export ends though somebody goes on writing; it is given back for the next page.
create function export_page(
  p_dataset text, p_columns text[], p_filters jsonb, p_user_id text, p_after text[], p_as_of timestamptz, p_limit int)
returns jsonb
language plpgsql stable
set timezone = 'UTC' set datestyle = 'ISO'
as $$
declare
  v_table text; v_key text[]; v_since text; v_owner text; v_key_text text;
  v_as_of timestamptz := coalesce(p_as_of, now());
  v_select text; v_key_list text; v_where text; v_filter record;
  v_total bigint; v_rows jsonb; v_last jsonb;
begin
  select t.name, t.key, t.since, t.owner into v_table, v_key, v_since, v_owner
  from (values
    ('opportunities', 'opportunities', array['posted_on', 'notice_id'], 'first_seen_at', null),
    ('entities', 'entities', array['uei'], 'first_seen_at', null),
    ('proposals', 'proposals', array['id'], 'created_at', 'user_id'),
    ('stories', 'stories', array['id'], 'created_at', null),
    ('deliveries', 'email_deliveries', array['job_key', 'recipient'], 'claimed_at', null)
  ) t (dataset, name, key, since, owner) where t.dataset = p_dataset;
  if v_table is null then
    raise exception 'No data set has that name.' using errcode = 'invalid_parameter_value';
  end if;

  -- As the wire has them: booleans as t and f, arrays as JSON.
  select string_agg(case format_type(a.atttypid, null)
           when 'boolean' then format('case %I when true then ''t'' when false then ''f'' end', c.name)
           when 'text[]' then format('array_to_json(%I)::text', c.name)
           else format('%I::text', c.name) end, ', ' order by c.position)
    into v_select
  from unnest(p_columns) with ordinality c (name, position)
  left join pg_attribute a on a.attrelid = v_table::regclass and a.attname = c.name and not a.attisdropped;

  v_where := format('%I <= %L', v_since, v_as_of);
  if v_owner is not null then
    v_where := v_where || format(' and %I = %L', v_owner, p_user_id);
  end if;
  for v_filter in select * from jsonb_to_recordset(p_filters) as f ("column" text, "is" text, "values" text[]) loop
    -- A quoted value takes the type of its column.
    v_where := v_where || case v_filter."is"
      when 'from' then format(' and %I >= %L', v_filter."column", v_filter."values"[1])
      when 'to' then format(' and %I <= %L', v_filter."column", v_filter."values"[1])
      else format(' and %I in (%s)', v_filter."column", (select string_agg(quote_literal(v), ', ') from unnest(v_filter."values") v))
    end;
  end loop;
  if p_after is null then
    execute format('select count(*) from %I where %s', v_table, v_where) into v_total;
  else
    v_where := v_where || format(' and (%s) > (%s)',
      (select string_agg(quote_ident(k), ', ') from unnest(v_key) k),
      (select string_agg(quote_literal(v), ', ') from unnest(p_after) v));
  end if;
  select string_agg(quote_ident(k), ', '), string_agg(quote_ident(k) || '::text', ', ')
    into v_key_list, v_key_text from unnest(v_key) k;

  execute format(
    'select coalesce(jsonb_agg(cells order by n), ''[]''), (jsonb_agg(key order by n desc))->0 from ('
    || 'select row_number() over () as n, array[%s]::text[] as cells, array[%s] as key from ('
    || 'select * from %I where %s order by %s limit %s) page) numbered',
    v_select, v_key_text, v_table, v_where, v_key_list, p_limit)
  into v_rows, v_last;
  return jsonb_build_object('as_of', v_as_of, 'total', v_total, 'rows', v_rows, 'after', v_last);
end $$;

-- The views are refreshed by their owner alone, so this runs as the one who made it.
do $$ begin
  execute format('alter function refresh_analytics(text) security definer set search_path = %I, pg_temp', current_schema());
end $$;

select protect_api(
  'api_objects', 'millrace_migrations',
  'users', 'email_deliveries', 'email_suppressions', 'email_unsubscribes', 'email_events',
  'documents', 'attachments', 'opportunities', 'opportunities_archive', 'saved_opportunities', 'entities', 'stories', 'schedule_ticks',
  'schedule_ticks_passed', 'proposals', 'proposal_rows',
  'sync_checkpoints', 'sync_positions', 'sync_rejects', 'sync_leases', 'request_budgets', 'request_paces',
  'analytics_versions', 'analytics_refreshes', 'opportunities_by_agency', 'opportunities_by_set_aside',
  'entities_by_state', 'storage_removals', 'cleanup_counts',
  'protect_api', 'applied_migrations',
  'save_attachment', 'claim_delivery', 'settle_delivery', 'mail_refusal', 'unsubscribe_mail', 'record_mail_events', 'reminder_page',
  'summary_page', 'summary_figures', 'proposals_of_week', 'edit_story', 'set_schedule_baseline', 'claim_schedule_tick',
  'take_sync_lease', 'renew_sync_lease', 'release_sync_lease', 'lock_sync_lease', 'spend_request', 'reserve_request',
  'upsert_opportunities', 'save_sync_position', 'save_opportunity_page', 'save_entity_page', 'opportunity_closed_on',
  'count_change', 'count_truncation', 'refresh_analytics', 'storage_key_wanted', 'call_off_removal', 'count_cleanup',
  'cleanup_due', 'cleanup_batch', 'claim_storage_removal', 'finish_storage_removal',
  'report_figures', 'report_page', 'proposal_figures', 'week_figures',
  'weekly_subscriber_page', 'export_page');
