-- additive
-- Schedules as people steer them: paused and resumed, run by hand, their past filled in.

-- A schedule without a row is as `config/schedules.ts` says.
create table schedule_switches (
  schedule           text primary key,
  enabled            boolean not null,
  changed_by         text not null,
  changed_at         timestamptz(3) not null default now()
);

-- Jobs that somebody had made at once. Apart from the ledger: its latest tick is what the scheduler goes on from.
create table schedule_runs (
  schedule           text not null,
  job_id             text not null,
  requested_by       text not null,
  requested_at       timestamptz(3) not null default now(),
  primary key (schedule, job_id)
);
create index schedule_runs_time on schedule_runs (schedule, requested_at desc);

-- Who had a tick of the past filled in; absent for those of a scheduler.
alter table schedule_ticks add column backfilled_by text;

-- Pauses or resumes a schedule. What was due while it was paused was not missed: a resume marks the time from which it counts.
create function set_schedule_enabled(p_schedule text, p_enabled boolean, p_by text) returns void
language plpgsql as $$
declare
  v_before boolean;
begin
  perform pg_advisory_xact_lock(hashtextextended('schedule ' || p_schedule, 0));
  select enabled into v_before from schedule_switches where schedule = p_schedule;
  if v_before is not distinct from p_enabled then
    return;
  end if;
  insert into schedule_switches as s (schedule, enabled, changed_by) values (p_schedule, p_enabled, p_by)
  on conflict (schedule) do update set enabled = excluded.enabled, changed_by = excluded.changed_by, changed_at = now();
  if p_enabled and v_before is not null then
    insert into schedule_ticks (schedule, tick_at, state, claimed_by, claim_expires_at)
    values (p_schedule, clock_timestamp(), 'baseline', 'baseline', now())
    on conflict (schedule, tick_at) do nothing;
  end if;
end $$;

-- [{ schedule, enabled, changed_by, changed_at }]
create function schedule_switch_list() returns jsonb
language sql stable as $$
  select coalesce(jsonb_agg(to_jsonb(s) order by s.schedule), '[]') from schedule_switches s;
$$;

-- Its latest ticks: [{ tick_at, state, job_id, caught_up, backfilled_by, created_at }].
create function schedule_history(p_schedule text, p_limit int) returns jsonb
language sql stable as $$
  select coalesce(jsonb_agg(to_jsonb(t) order by t.tick_at desc), '[]')
  from (select tick_at, state, job_id, caught_up, backfilled_by, created_at from schedule_ticks
        where schedule = p_schedule and state <> 'baseline' order by tick_at desc limit p_limit) t;
$$;

create function schedule_run_list(p_schedule text, p_limit int) returns jsonb
language sql stable as $$
  select coalesce(jsonb_agg(to_jsonb(r) order by r.requested_at desc), '[]')
  from (select job_id, requested_by, requested_at from schedule_runs
        where schedule = p_schedule order by requested_at desc limit p_limit) r;
$$;

-- Notes a job that was made at once; what is older than 90 days goes.
create function note_schedule_run(p_schedule text, p_job text, p_by text) returns void
language plpgsql as $$
begin
  delete from schedule_runs where requested_at < now() - interval '90 days';
  insert into schedule_runs (schedule, job_id, requested_by) values (p_schedule, p_job, p_by)
  on conflict (schedule, job_id) do nothing;
end $$;

-- What is known of a span: { taken: [ticks that have a job, or are about to], known_from }. Of ticks before `known_from`
-- nothing is known any more, since the ledger is cleaned; null when it still has its beginning.
create function schedule_span(p_schedule text, p_from timestamptz, p_until timestamptz) returns jsonb
language sql stable as $$
  select jsonb_build_object(
    'taken', (
      select coalesce(jsonb_agg(tick_at order by tick_at), '[]') from schedule_ticks
      where schedule = p_schedule and tick_at between p_from and p_until
        and (state = 'enqueued' or (state = 'claimed' and claim_expires_at >= now()))),
    'known_from', (
      select case when t.state = 'baseline' then null else t.tick_at end from schedule_ticks t
      where t.schedule = p_schedule and t.backfilled_by is null order by t.tick_at limit 1));
$$;

-- Claims a tick of the past for whoever fills it in.
create function claim_backfill_tick(p_schedule text, p_tick timestamptz, p_owner text, p_seconds int, p_by text) returns boolean
language plpgsql as $$
begin
  if not claim_schedule_tick(p_schedule, p_tick, p_owner, p_seconds, false) then
    return false;
  end if;
  update schedule_ticks set backfilled_by = p_by where schedule = p_schedule and tick_at = p_tick;
  return true;
end $$;

select protect_api(
  'schedule_switches', 'schedule_runs', 'set_schedule_enabled', 'schedule_switch_list', 'schedule_history',
  'schedule_run_list', 'note_schedule_run', 'schedule_span', 'claim_backfill_tick');
