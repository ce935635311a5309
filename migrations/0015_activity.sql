-- additive
-- What the queues do and which processes there are, for people: kept by us, so that it is there without Prometheus.

create table queue_minutes (
  queue              text not null,
  minute             timestamptz not null,
  completed          int not null default 0,
  failed             int not null default 0,
  retried            int not null default 0,
  cancelled          int not null default 0,
  -- How many waited and ran how long, by the bounds of src/observability/activity.ts.
  waits              int[] not null,
  durations          int[] not null,
  primary key (minute, queue)
);

create table processes (
  instance           text primary key,
  roles              text[] not null,
  host               text not null,
  pid                int not null,
  version            text not null,
  started_at         timestamptz not null,
  seen_at            timestamptz not null default now(),
  memory_bytes       bigint not null,
  -- Jobs that run there, by queue.
  active             jsonb not null
);

-- Adds lists of counts, the shorter one taken to go on with zeros.
create function add_counts(p_a int[], p_b int[]) returns int[]
language sql immutable as $$
  select array_agg(coalesce(a, 0) + coalesce(b, 0) order by n)
  from unnest(p_a) with ordinality x(a, n) full join unnest(p_b) with ordinality y(b, m) on n = m;
$$;

-- One process's report: that it is there, and what it has counted since its last one. Minutes are added up over all
-- processes. What is older than eight days goes, and so do processes that have said nothing for a day.
create function record_activity(p_process jsonb, p_minutes jsonb) returns void
language plpgsql as $$
begin
  insert into processes as p (instance, roles, host, pid, version, started_at, memory_bytes, active)
  select r.instance, r.roles, r.host, r.pid, r.version, r.started_at, r.memory_bytes, r.active
  from jsonb_to_record(p_process) as r(instance text, roles text[], host text, pid int, version text,
    started_at timestamptz, memory_bytes bigint, active jsonb)
  on conflict (instance) do update set
    roles = excluded.roles, host = excluded.host, pid = excluded.pid, version = excluded.version,
    started_at = excluded.started_at, seen_at = now(), memory_bytes = excluded.memory_bytes, active = excluded.active;

  insert into queue_minutes as q (queue, minute, completed, failed, retried, cancelled, waits, durations)
  select m.queue, m.minute, m.completed, m.failed, m.retried, m.cancelled, m.waits, m.durations
  from jsonb_to_recordset(p_minutes) as m(queue text, minute timestamptz, completed int, failed int, retried int,
    cancelled int, waits int[], durations int[])
  order by m.minute, m.queue
  on conflict (minute, queue) do update set
    completed = q.completed + excluded.completed, failed = q.failed + excluded.failed,
    retried = q.retried + excluded.retried, cancelled = q.cancelled + excluded.cancelled,
    waits = add_counts(q.waits, excluded.waits), durations = add_counts(q.durations, excluded.durations);

  delete from queue_minutes where minute < now() - interval '8 days';
  delete from processes where seen_at < now() - interval '1 day';
end $$;

create function forget_process(p_instance text) returns void
language sql as $$
  delete from processes where instance = p_instance;
$$;

-- Those that have reported within so many seconds: [{ instance, roles, ..., seen_at, memory_bytes, active }].
create function live_processes(p_seconds int) returns jsonb
language sql stable as $$
  select coalesce(jsonb_agg(to_jsonb(p) order by p.instance), '[]')
  from processes p where seen_at > now() - make_interval(secs => p_seconds);
$$;

-- What happened from one time to another in steps of so many seconds, each queue's steps in order, empty ones left out:
-- [{ queue, at, completed, failed, retried, cancelled, waits, durations }].
create function queue_activity(p_from timestamptz, p_until timestamptz, p_step int) returns jsonb
language sql stable as $$
  with steps as (
    select queue, to_timestamp(floor(extract(epoch from minute) / p_step) * p_step) as at, completed, failed, retried, cancelled,
           waits, durations
    from queue_minutes where minute >= p_from and minute < p_until
  ), counts as (
    select queue, at, sum(completed) as completed, sum(failed) as failed, sum(retried) as retried, sum(cancelled) as cancelled
    from steps group by queue, at
  ), buckets as (
    select queue, at, n, sum(w) as w, sum(d) as d
    from steps, unnest(waits, durations) with ordinality as u(w, d, n) group by queue, at, n
  ), lists as (
    select queue, at, jsonb_agg(coalesce(w, 0) order by n) as waits, jsonb_agg(coalesce(d, 0) order by n) as durations
    from buckets group by queue, at
  )
  select coalesce(jsonb_agg(to_jsonb(c) || jsonb_build_object('waits', l.waits, 'durations', l.durations) order by c.queue, c.at), '[]')
  from counts c join lists l using (queue, at);
$$;

select protect_api(
  'queue_minutes', 'processes', 'add_counts', 'record_activity', 'forget_process', 'live_processes', 'queue_activity');
