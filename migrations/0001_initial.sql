-- The application's own tables. BullMQ keeps its tables in a schema of its own, `bullmq`.
-- What must be atomic is a function, so that every driver can call it in one round trip.

create table users (
  id                 text primary key,
  email              text not null,
  name               text not null,
  company            text,
  wants_reminders    boolean not null default true,
  wants_summaries    boolean not null default true,
  wants_reports      boolean not null default false,
  created_at         timestamptz not null default now()
);

-- One row for each job and recipient: the ledger that keeps a retry from sending twice.
create table email_deliveries (
  job_key            text not null,
  recipient          text not null,
  template           text not null,
  provider           text not null,
  status             text not null default 'claimed' check (status in ('claimed', 'sent', 'suppressed', 'rejected')),
  message_id         text,
  reason             text,
  attempts           int  not null default 1,
  claimed_at         timestamptz not null default now(),
  sent_at            timestamptz,
  primary key (job_key, recipient)
);
create index email_deliveries_claimed_at on email_deliveries (claimed_at);

create table email_suppressions (
  -- Looked up in small letters, so kept in them.
  email              text primary key check (email = lower(email)),
  reason             text not null,
  created_at         timestamptz not null default now()
);

-- Takes the ledger's row for a mail. Answers the row as it stood: 'sent' and 'suppressed' mean there is nothing to do.
create function claim_delivery(p_job_key text, p_recipient text, p_template text, p_provider text)
returns table (status text, message_id text, reason text, attempts int, provider text)
language sql as $$
  insert into email_deliveries as d (job_key, recipient, template, provider)
  values (p_job_key, p_recipient, p_template, p_provider)
  on conflict (job_key, recipient) do update
    set attempts = d.attempts + case when d.status = 'claimed' then 1 else 0 end,
        provider = case when d.status = 'claimed' then excluded.provider else d.provider end
  returning d.status, d.message_id, d.reason, d.attempts, d.provider;
$$;

create table documents (
  id                 text primary key,
  job_key            text not null,
  user_id            text,
  kind               text not null,
  format             text not null,
  title              text not null,
  file_name          text not null,
  content_type       text not null,
  bytes              bigint not null,
  pages              int,
  rows               bigint,
  sha256             text not null,
  storage_key        text not null,
  created_at         timestamptz not null default now()
);
create index documents_user_id on documents (user_id, created_at desc);

create table opportunities (
  notice_id          text primary key,
  title              text not null,
  solicitation       text,
  agency             text,
  office             text,
  notice_type        text,
  set_aside          text,
  naics              text,
  classification     text,
  posted_on          date not null,
  response_deadline  timestamptz,
  archive_on         date,
  active             boolean not null default true,
  place_state        text,
  place_country      text,
  award_amount       numeric(18, 2),
  award_on           date,
  awardee            text,
  url                text,
  description_url    text,
  raw                jsonb not null,
  content_hash       text not null,
  first_seen_at      timestamptz not null default now(),
  updated_at         timestamptz not null default now()
);
create index opportunities_posted_on on opportunities (posted_on, notice_id);
create index opportunities_response_deadline on opportunities (response_deadline);

create table saved_opportunities (
  user_id            text not null references users (id) on delete cascade,
  notice_id          text not null,
  saved_at           timestamptz not null default now(),
  primary key (user_id, notice_id)
);

-- Where a sync stands. `window_from`..`window_to` is the range under way, `next_page` the page to ask for next.
create table sync_checkpoints (
  kind               text primary key,
  job_key            text,
  window_from        date,
  window_to          date,
  next_page          int not null default 0,
  totals             jsonb not null default '{}',
  synced_through     date,
  updated_at         timestamptz not null default now()
);

-- Records that could not be read, with the reason; the page they came with went on.
create table sync_rejects (
  id                 bigint generated always as identity primary key,
  kind               text not null,
  job_key            text not null,
  record_id          text,
  reason             text not null,
  raw                jsonb,
  created_at         timestamptz not null default now()
);
create index sync_rejects_job_key on sync_rejects (job_key);

-- Only one sync of a kind runs at a time: the lease names its job and ends by itself when the worker dies.
create table sync_leases (
  kind               text primary key,
  holder             text not null,
  expires_at         timestamptz not null
);

create function take_sync_lease(p_kind text, p_holder text, p_seconds int) returns boolean
language sql as $$
  with taken as (
    insert into sync_leases as l (kind, holder, expires_at)
    values (p_kind, p_holder, now() + make_interval(secs => p_seconds))
    on conflict (kind) do update set holder = excluded.holder, expires_at = excluded.expires_at
      where l.holder = excluded.holder or l.expires_at < now()
    returning 1
  )
  select exists (select 1 from taken);
$$;

-- Requests made with a key on a day (UTC), over all processes.
create table request_budgets (
  key_name           text not null,
  day                date not null,
  used               int  not null default 0,
  primary key (key_name, day)
);

-- Takes one request from the day's budget; answers how many are used with it, or null when there is none left.
create function spend_request(p_key text, p_day date, p_limit int) returns int
language sql as $$
  insert into request_budgets as b (key_name, day, used) values (p_key, p_day, 1)
  on conflict (key_name, day) do update set used = b.used + 1 where b.used < p_limit
  returning b.used;
$$;

-- Upserts one page and moves the checkpoint with it, in one transaction. Rows whose hash is the same are not rewritten.
create function upsert_opportunities(p_rows jsonb, p_checkpoint jsonb)
returns table (inserted int, updated int, unchanged int)
language plpgsql as $$
declare
  v_total int := jsonb_array_length(p_rows);
  v_inserted int;
  v_updated int;
begin
  with source as (
    select r.* from jsonb_to_recordset(p_rows) as r (
      notice_id text, title text, solicitation text, agency text, office text, notice_type text, set_aside text,
      naics text, classification text, posted_on date, response_deadline timestamptz, archive_on date, active boolean,
      place_state text, place_country text, award_amount numeric, award_on date, awardee text, url text,
      description_url text, raw jsonb, content_hash text)
  ), written as (
    insert into opportunities as o (
      notice_id, title, solicitation, agency, office, notice_type, set_aside, naics, classification, posted_on,
      response_deadline, archive_on, active, place_state, place_country, award_amount, award_on, awardee, url,
      description_url, raw, content_hash)
    select
      notice_id, title, solicitation, agency, office, notice_type, set_aside, naics, classification, posted_on,
      response_deadline, archive_on, active, place_state, place_country, award_amount, award_on, awardee, url,
      description_url, raw, content_hash
    from source
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

  insert into sync_checkpoints as c (kind, job_key, window_from, window_to, next_page, totals, synced_through, updated_at)
  select p_checkpoint->>'kind', p_checkpoint->>'job_key', (p_checkpoint->>'window_from')::date,
         (p_checkpoint->>'window_to')::date, (p_checkpoint->>'next_page')::int,
         p_checkpoint->'totals'
           || jsonb_build_object(
                'inserted', coalesce((p_checkpoint->'totals'->>'inserted')::int, 0) + v_inserted,
                'updated', coalesce((p_checkpoint->'totals'->>'updated')::int, 0) + v_updated,
                'unchanged', coalesce((p_checkpoint->'totals'->>'unchanged')::int, 0) + v_total - v_inserted - v_updated),
         (p_checkpoint->>'synced_through')::date, now()
  on conflict (kind) do update set
    job_key = excluded.job_key, window_from = excluded.window_from, window_to = excluded.window_to,
    next_page = excluded.next_page, totals = excluded.totals,
    synced_through = coalesce(excluded.synced_through, c.synced_through), updated_at = now();

  return query select v_inserted, v_updated, v_total - v_inserted - v_updated;
end $$;

create table stories (
  id                 text primary key,
  title              text not null,
  content            text not null,
  sector_tag         text,
  impact_tags        text[] not null default '{}',
  -- Counts the edits; scores are only written for the revision they were made of.
  revision           int  not null default 1,
  hype_score         numeric(4, 2) not null,
  ethics_score       numeric(4, 2) not null,
  reality_check      text,
  eli5_summary       text,
  enhanced_revision  int,
  model              text,
  job_id             text,
  created_at         timestamptz not null default now(),
  updated_at         timestamptz not null default now()
);

-- The ledger of cron ticks: one row a tick, whatever the number of schedulers.
create table schedule_ticks (
  schedule           text not null,
  tick_at            timestamptz not null,
  state              text not null default 'claimed' check (state in ('claimed', 'enqueued', 'baseline')),
  claimed_by         text not null,
  claim_expires_at   timestamptz not null,
  job_id             text,
  caught_up          boolean not null default false,
  created_at         timestamptz not null default now(),
  primary key (schedule, tick_at)
);

-- Claims a tick for one scheduler. A claim that was never confirmed (its scheduler died) can be taken over when it ends.
create function claim_schedule_tick(p_schedule text, p_tick timestamptz, p_owner text, p_seconds int, p_caught_up boolean)
returns boolean language sql as $$
  with claimed as (
    insert into schedule_ticks as t (schedule, tick_at, claimed_by, claim_expires_at, caught_up)
    values (p_schedule, p_tick, p_owner, now() + make_interval(secs => p_seconds), p_caught_up)
    on conflict (schedule, tick_at) do update
      set claimed_by = excluded.claimed_by, claim_expires_at = excluded.claim_expires_at
      where t.state = 'claimed' and t.claim_expires_at < now()
    returning 1
  )
  select exists (select 1 from claimed);
$$;
