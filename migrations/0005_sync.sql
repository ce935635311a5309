-- additive
-- Syncs whose jobs each have a place of their own, entities, aggregates for reports, and the removal of what is old.

-- Companies registered for federal work: one row a UEI, of several registrations the one updated last.
create table entities (
  uei                text primary key,
  eft_indicator      text not null default '',
  legal_name         text not null,
  dba_name           text,
  cage_code          text,
  status             text,
  purpose            text,
  registered_on      date,
  activated_on       date,
  updated_on         date,
  expires_on         date,
  excluded           boolean not null default false,
  url                text,
  city               text,
  state              text,
  zip                text,
  country            text,
  naics              text,
  business_types     text[] not null default '{}',
  sba_types          text[] not null default '{}',
  raw                jsonb not null,
  content_hash       text not null,
  first_seen_at      timestamptz not null default now(),
  updated_at         timestamptz not null default now()
);
create index entities_legal_name on entities (legal_name);

-- Where each job of syncing stands. `windows` is what it has still to read, the part under way first; `sync_checkpoints`
-- keeps what holds for the kind: up to which day everything has been seen.
create table sync_positions (
  kind               text not null,
  job_key            text not null,
  windows            jsonb not null,
  next_page          int not null,
  totals             jsonb not null,
  updated_at         timestamptz not null default now(),
  primary key (kind, job_key)
);

-- The attempt that has the lease; an earlier attempt of the same job that is not dead yet has another token.
alter table sync_leases add column token text;

-- Takes a kind's lease, or takes it over: from an earlier attempt of the same job at once, from another job once it ended.
create function take_sync_lease(p_kind text, p_holder text, p_token text, p_seconds int) returns boolean
language sql as $$
  with taken as (
    insert into sync_leases as l (kind, holder, token, expires_at)
    values (p_kind, p_holder, p_token, now() + make_interval(secs => p_seconds))
    on conflict (kind) do update
      set holder = excluded.holder, token = excluded.token, expires_at = excluded.expires_at
      where l.holder = excluded.holder or l.expires_at < now()
    returning 1
  )
  select exists (select 1 from taken);
$$;

create function renew_sync_lease(p_kind text, p_holder text, p_token text, p_seconds int) returns boolean
language sql as $$
  with renewed as (
    update sync_leases set expires_at = now() + make_interval(secs => p_seconds)
    where kind = p_kind and holder = p_holder and token = p_token
    returning 1
  )
  select exists (select 1 from renewed);
$$;

create function release_sync_lease(p_kind text, p_holder text, p_token text) returns void
language sql as $$
  delete from sync_leases where kind = p_kind and holder = p_holder and token = p_token;
$$;

-- When a key's next request may go out, over all processes.
create table request_paces (
  key_name           text primary key,
  next_at            timestamptz not null
);

-- Takes a request from the day's budget and a place in the key's pace; no row when the budget is used up.
create function reserve_request(p_key text, p_day date, p_limit int, p_interval_ms int)
returns table (used int, wait_ms int)
language plpgsql as $$
declare
  v_used int := spend_request(p_key, p_day, p_limit);
  v_next timestamptz;
  v_now timestamptz := clock_timestamp();
begin
  if v_used is null then return; end if;
  insert into request_paces as p (key_name, next_at) values (p_key, v_now + p_interval_ms * interval '1 ms')
  on conflict (key_name) do update
    set next_at = greatest(p.next_at, v_now) + p_interval_ms * interval '1 ms'
  returning next_at into v_next;
  return query select v_used,
    greatest(0, ceil(extract(epoch from v_next - v_now) * 1000)::int - p_interval_ms);
end $$;

-- Closed opportunities that are past their time. A sync that meets one again leaves it here unless it has changed.
create table opportunities_archive (
  like opportunities including defaults,
  archived_at        timestamptz not null default now(),
  primary key (notice_id)
);
create index opportunities_archive_posted_on on opportunities_archive (posted_on, notice_id);

-- The day a notice closed, or null while nothing says that it has an end.
create function opportunity_closed_on(p_active boolean, p_archive_on date, p_deadline timestamptz, p_posted_on date)
returns date language sql immutable as $$
  select coalesce(greatest(p_archive_on, (p_deadline at time zone 'UTC')::date), case when not p_active then p_posted_on end);
$$;
create index opportunities_closed_on on opportunities
  (opportunity_closed_on(active, archive_on, response_deadline, posted_on));

-- Whether the attempt still has the lease; the row stays locked, so that nobody takes it before this transaction ends.
create function lock_sync_lease(p_checkpoint jsonb, p_token text) returns boolean
language plpgsql as $$
begin
  perform 1 from sync_leases l
  where l.kind = p_checkpoint->>'kind' and l.holder = p_checkpoint->>'job_key' and l.token = p_token
  for update;
  return found;
end $$;

-- What comes with every page: its rejects, the job's place after it, and how far the kind has been seen.
create function save_sync_position(p_rejects jsonb, p_checkpoint jsonb, p_inserted int, p_updated int, p_unchanged int)
returns void language plpgsql as $$
declare
  v_totals jsonb := p_checkpoint->'totals';
begin
  insert into sync_rejects (kind, job_key, record_id, reason, raw)
  select p_checkpoint->>'kind', p_checkpoint->>'job_key', r.record_id, r.reason, r.raw
  from jsonb_to_recordset(p_rejects) as r (record_id text, reason text, raw jsonb);

  insert into sync_positions as s (kind, job_key, windows, next_page, totals)
  select p_checkpoint->>'kind', p_checkpoint->>'job_key', p_checkpoint->'windows', (p_checkpoint->>'next_page')::int,
         v_totals || jsonb_build_object(
           'inserted', coalesce((v_totals->>'inserted')::int, 0) + p_inserted,
           'updated', coalesce((v_totals->>'updated')::int, 0) + p_updated,
           'unchanged', coalesce((v_totals->>'unchanged')::int, 0) + p_unchanged)
  on conflict (kind, job_key) do update set
    windows = excluded.windows, next_page = excluded.next_page, totals = excluded.totals, updated_at = now();

  if p_checkpoint->>'synced_through' is null then return; end if;
  insert into sync_checkpoints as c (kind, synced_through)
  values (p_checkpoint->>'kind', (p_checkpoint->>'synced_through')::date)
  on conflict (kind) do update set
    synced_through = greatest(c.synced_through, excluded.synced_through), updated_at = now()
    where c.synced_through is null or c.synced_through < excluded.synced_through;
end $$;

-- Upserts a page of opportunities with its rejects and its checkpoint; no row when the lease was lost.
create function save_opportunity_page(p_rows jsonb, p_rejects jsonb, p_checkpoint jsonb, p_token text)
returns table (inserted int, updated int, unchanged int)
language plpgsql as $$
declare
  v_total int := jsonb_array_length(p_rows);
  v_inserted int;
  v_updated int;
begin
  if not lock_sync_lease(p_checkpoint, p_token) then return; end if;
  with source as (
    select r.* from jsonb_to_recordset(p_rows) as r (
      notice_id text, title text, solicitation text, agency text, office text, notice_type text, set_aside text,
      naics text, classification text, posted_on date, response_deadline timestamptz, archive_on date, active boolean,
      place_state text, place_country text, award_amount numeric, award_on date, awardee text, url text,
      description_url text, raw jsonb, content_hash text)
  ), changed_since as (
    delete from opportunities_archive a using source s
    where a.notice_id = s.notice_id and a.content_hash <> s.content_hash
  ), written as (
    insert into opportunities as o (
      notice_id, title, solicitation, agency, office, notice_type, set_aside, naics, classification, posted_on,
      response_deadline, archive_on, active, place_state, place_country, award_amount, award_on, awardee, url,
      description_url, raw, content_hash)
    select
      notice_id, title, solicitation, agency, office, notice_type, set_aside, naics, classification, posted_on,
      response_deadline, archive_on, active, place_state, place_country, award_amount, award_on, awardee, url,
      description_url, raw, content_hash
    from source s
    where not exists (
      select 1 from opportunities_archive a where a.notice_id = s.notice_id and a.content_hash = s.content_hash)
    on conflict (notice_id) do update set
      title = excluded.title, solicitation = excluded.solicitation, agency = excluded.agency, office = excluded.office,
      notice_type = excluded.notice_type, set_aside = excluded.set_aside, naics = excluded.naics,
      classification = excluded.classification, posted_on = excluded.posted_on,
      response_deadline = excluded.response_deadline, archive_on = excluded.archive_on, active = excluded.active,
      place_state = excluded.place_state, place_country = excluded.place_country,
      award_amount = excluded.award_amount, award_on = excluded.award_on, awardee = excluded.awardee,
      url = excluded.url, description_url = excluded.description_url, raw = excluded.raw,
      content_hash = excluded.content_hash, updated_at = now()
    where o.content_hash <> excluded.content_hash
    returning (xmax = 0) as is_new
  )
  select count(*) filter (where is_new), count(*) filter (where not is_new) into v_inserted, v_updated from written;
  perform save_sync_position(p_rejects, p_checkpoint, v_inserted, v_updated, v_total - v_inserted - v_updated);
  return query select v_inserted, v_updated, v_total - v_inserted - v_updated;
end $$;

-- The same for entities. Of a UEI's registrations the one updated last stays, whatever the order in which they come, so
-- that the same pages again write nothing.
create function save_entity_page(p_rows jsonb, p_rejects jsonb, p_checkpoint jsonb, p_token text)
returns table (inserted int, updated int, unchanged int)
language plpgsql as $$
declare
  v_total int := jsonb_array_length(p_rows);
  v_inserted int;
  v_updated int;
begin
  if not lock_sync_lease(p_checkpoint, p_token) then return; end if;
  with source as (
    select r.* from jsonb_to_recordset(p_rows) as r (
      uei text, eft_indicator text, legal_name text, dba_name text, cage_code text, status text, purpose text,
      registered_on date, activated_on date, updated_on date, expires_on date, excluded boolean, url text, city text,
      state text, zip text, country text, naics text, business_types text[], sba_types text[], raw jsonb,
      content_hash text)
  ), written as (
    insert into entities as e (
      uei, eft_indicator, legal_name, dba_name, cage_code, status, purpose, registered_on, activated_on, updated_on,
      expires_on, excluded, url, city, state, zip, country, naics, business_types, sba_types, raw, content_hash)
    select
      uei, eft_indicator, legal_name, dba_name, cage_code, status, purpose, registered_on, activated_on, updated_on,
      expires_on, s.excluded, url, city, state, zip, country, naics, business_types, sba_types, raw, content_hash
    from source s
    on conflict (uei) do update set
      eft_indicator = excluded.eft_indicator, legal_name = excluded.legal_name, dba_name = excluded.dba_name,
      cage_code = excluded.cage_code, status = excluded.status, purpose = excluded.purpose,
      registered_on = excluded.registered_on, activated_on = excluded.activated_on, updated_on = excluded.updated_on,
      expires_on = excluded.expires_on, excluded = excluded.excluded, url = excluded.url, city = excluded.city,
      state = excluded.state, zip = excluded.zip, country = excluded.country, naics = excluded.naics,
      business_types = excluded.business_types, sba_types = excluded.sba_types, raw = excluded.raw,
      content_hash = excluded.content_hash, updated_at = now()
    where e.content_hash <> excluded.content_hash
      and (coalesce(excluded.updated_on, '-infinity') > coalesce(e.updated_on, '-infinity')
        or (coalesce(excluded.updated_on, '-infinity') = coalesce(e.updated_on, '-infinity')
          and excluded.eft_indicator collate "C" <= e.eft_indicator collate "C"))
    returning (xmax = 0) as is_new
  )
  select count(*) filter (where is_new), count(*) filter (where not is_new) into v_inserted, v_updated from written;
  perform save_sync_position(p_rejects, p_checkpoint, v_inserted, v_updated, v_total - v_inserted - v_updated);
  return query select v_inserted, v_updated, v_total - v_inserted - v_updated;
end $$;

-- Counts the changes of a table, so that whoever reads an aggregate can tell whether it is still exact.
create table analytics_versions (
  source             text primary key,
  version            bigint not null default 0
);
insert into analytics_versions (source) values ('opportunities'), ('entities');

create function count_change() returns trigger
language plpgsql as $$
begin
  if exists (select 1 from changed) then
    update analytics_versions set version = version + 1 where source = tg_table_name;
  end if;
  return null;
end $$;

create function count_truncation() returns trigger
language plpgsql as $$
begin
  update analytics_versions set version = version + 1 where source = tg_table_name;
  return null;
end $$;

create trigger count_insert after insert on opportunities referencing new table as changed
  for each statement execute function count_change();
create trigger count_update after update on opportunities referencing new table as changed
  for each statement execute function count_change();
create trigger count_delete after delete on opportunities referencing old table as changed
  for each statement execute function count_change();
create trigger count_truncate after truncate on opportunities
  for each statement execute function count_truncation();
create trigger count_insert after insert on entities referencing new table as changed
  for each statement execute function count_change();
create trigger count_update after update on entities referencing new table as changed
  for each statement execute function count_change();
create trigger count_delete after delete on entities referencing old table as changed
  for each statement execute function count_change();
create trigger count_truncate after truncate on entities
  for each statement execute function count_truncation();

-- The aggregates. By day, so that any range of days is a sum of them.
create materialized view opportunities_by_agency as
  select posted_on, agency, count(*) as count, coalesce(sum(award_amount), 0) as awarded
  from opportunities group by posted_on, agency;
create unique index opportunities_by_agency_key on opportunities_by_agency (posted_on, agency);

create materialized view opportunities_by_set_aside as
  select posted_on, set_aside, count(*) as count
  from opportunities group by posted_on, set_aside;
create unique index opportunities_by_set_aside_key on opportunities_by_set_aside (posted_on, set_aside);

create materialized view entities_by_state as
  select country, state, status, count(*) as count, count(*) filter (where excluded) as excluded
  from entities group by country, state, status;
create unique index entities_by_state_key on entities_by_state (country, state, status);

-- The version of its source that an aggregate was made of.
create table analytics_refreshes (
  source             text primary key,
  version            bigint not null,
  refreshed_at       timestamptz not null
);

-- Computes the aggregates anew; readers see the old ones until this transaction ends. The version is read first: rows
-- that are committed in between make the aggregates count as out of date, never the other way round.
create function refresh_analytics(p_scope text) returns setof text
language plpgsql as $$
declare
  v_version bigint;
begin
  if p_scope in ('all', 'opportunities') then
    select version into strict v_version from analytics_versions where source = 'opportunities';
    refresh materialized view concurrently opportunities_by_agency;
    refresh materialized view concurrently opportunities_by_set_aside;
    insert into analytics_refreshes (source, version, refreshed_at) values ('opportunities', v_version, now())
    on conflict (source) do update set version = excluded.version, refreshed_at = excluded.refreshed_at;
    return next 'opportunities_by_agency';
    return next 'opportunities_by_set_aside';
  end if;
  if p_scope in ('all', 'entities') then
    select version into strict v_version from analytics_versions where source = 'entities';
    refresh materialized view concurrently entities_by_state;
    insert into analytics_refreshes (source, version, refreshed_at) values ('entities', v_version, now())
    on conflict (source) do update set version = excluded.version, refreshed_at = excluded.refreshed_at;
    return next 'entities_by_state';
  end if;
end $$;

-- Files whose rows are gone and that are still to be removed from storage. A claim says that somebody is at it.
create table storage_removals (
  storage_key        text primary key,
  claimed_until      timestamptz,
  created_at         timestamptz not null default now()
);
create index documents_created_at on documents (created_at);
create index documents_storage_key on documents (storage_key);
create index attachments_storage_key on attachments (storage_key);
create index sync_rejects_created_at on sync_rejects (created_at);

-- Whether any row still names the file.
create function storage_key_wanted(p_key text) returns boolean
language sql stable as $$
  select exists (select 1 from documents d where d.storage_key = p_key)
      or exists (select 1 from attachments a where a.storage_key = p_key);
$$;

-- A row that names a file which waits to be removed calls the removal off; while the file is being removed the row is
-- refused, and its job's next attempt writes the file again. The lock keeps a claim and a row from passing each other.
create function call_off_removal() returns trigger
language plpgsql as $$
declare
  v_claimed_until timestamptz;
begin
  perform pg_advisory_xact_lock_shared(hashtextextended('storage:' || new.storage_key, 0));
  select claimed_until into v_claimed_until from storage_removals where storage_key = new.storage_key;
  if v_claimed_until > now() then
    raise exception 'The file % is being removed. Write it again.', new.storage_key using errcode = 'object_in_use';
  end if;
  delete from storage_removals where storage_key = new.storage_key;
  return new;
end $$;
create trigger call_off_removal before insert or update of storage_key on documents
  for each row execute function call_off_removal();
create trigger call_off_removal before insert or update of storage_key on attachments
  for each row execute function call_off_removal();

-- What a job of cleaning has removed, counted with each batch: a job that is killed and goes on knows it all.
create table cleanup_counts (
  job_key            text not null,
  class              text not null,
  removed            bigint not null,
  updated_at         timestamptz not null default now(),
  primary key (job_key, class)
);

create function count_cleanup(p_job_key text, p_class text, p_removed bigint) returns void
language sql as $$
  insert into cleanup_counts as c (job_key, class, removed) select p_job_key, p_class, p_removed where p_removed > 0
  on conflict (job_key, class) do update set removed = c.removed + excluded.removed, updated_at = now();
$$;

-- The ticks that may go: of each schedule the newest stays, since the scheduler goes on from it.
create view schedule_ticks_passed as
  select t.schedule, t.tick_at, t.created_at from schedule_ticks t
  where t.tick_at < (select max(n.tick_at) from schedule_ticks n where n.schedule = t.schedule);

-- How many rows of a class are past their time, and how many files only they name.
create function cleanup_due(p_class text, p_before timestamptz) returns table (row_count bigint, file_count bigint)
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
  end case;
end $$;

-- Removes one batch of a class, oldest first, and counts it for the job.
create function cleanup_batch(p_class text, p_before timestamptz, p_limit int, p_job_key text) returns int
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
  end case;
  get diagnostics v_removed = row_count;
  perform count_cleanup(p_job_key, p_class, v_removed);
  return v_removed;
end $$;

-- Names a file that no row wants and claims it; one that is wanted after all is not removed.
create function claim_storage_removal(p_seconds int) returns text
language plpgsql as $$
declare
  v_key text;
begin
  loop
    select storage_key into v_key from storage_removals
    where claimed_until is null or claimed_until < now()
    order by created_at, storage_key limit 1;
    if v_key is null then return null; end if;
    -- The lock comes before the row's, as in call_off_removal: the other way round the two could wait for each other.
    perform pg_advisory_xact_lock(hashtextextended('storage:' || v_key, 0));
    update storage_removals set claimed_until = now() + make_interval(secs => p_seconds)
    where storage_key = v_key and (claimed_until is null or claimed_until < now()) and not storage_key_wanted(v_key);
    if found then return v_key; end if;
    delete from storage_removals where storage_key = v_key and storage_key_wanted(v_key);
  end loop;
end $$;

create function finish_storage_removal(p_key text, p_job_key text) returns void
language plpgsql as $$
begin
  delete from storage_removals where storage_key = p_key;
  if found then perform count_cleanup(p_job_key, 'files', 1); end if;
end $$;
