-- additive
-- Beyond so many jobs a second a process notes nothing of them but that their queue has them. This is where it says so:
-- whoever has time reads them from the queue later. Ages are told by the clock that the times were taken from.

create table job_index_left (
  queue       text primary key,
  -- All that happened before was noted, or has been read.
  since       timestamptz not null,
  -- When somebody last left jobs there.
  latest      timestamptz not null,
  -- Whether some wait among delayed or prioritized jobs, which stand in no order of time.
  sorted      boolean not null,
  -- Who reads them says so again and again; after this time somebody else may.
  held_until  timestamptz
);

-- [{ queue, for_ms, sorted }]: of these queues nothing was noted for so long.
create function leave_jobs(p_queues jsonb) returns void
language sql as $$
  insert into job_index_left as l (queue, since, latest, sorted)
  select r.queue, clock_timestamp() - make_interval(secs => r.for_ms / 1000), clock_timestamp(), r.sorted
  from jsonb_to_recordset(p_queues) as r(queue text, for_ms float8, sorted boolean)
  order by r.queue
  on conflict (queue) do update set
    since = least(l.since, excluded.since), latest = greatest(l.latest, excluded.latest), sorted = l.sorted or excluded.sorted;
$$;

-- Whether any process has so lately left jobs to a queue, or put a batch down, that it has no time.
create function jobs_are_busy(p_late_ms float8) returns boolean
language sql volatile as $$
  select exists (select from job_index_left where latest > clock_timestamp() - make_interval(secs => p_late_ms / 1000))
    or coalesce((select max(put_at) from job_stash) > clock_timestamp() - make_interval(secs => p_late_ms / 1000), false);
$$;

-- Gives a queue whose jobs may be read now to the one who asks, for so long: { queue, since_ms, latest, sorted, busy }, null
-- when there is none. In busy times that is one to which jobs were left long ago.
create function claim_left_jobs(p_busy boolean, p_late_ms float8, p_deferred_ms float8, p_hold_ms float8) returns jsonb
language plpgsql as $$
declare
  v_busy boolean := p_busy or jobs_are_busy(p_late_ms);
  v_left job_index_left;
begin
  update job_index_left set held_until = clock_timestamp() + make_interval(secs => p_hold_ms / 1000)
  where queue = (
    select queue from job_index_left
    where coalesce(held_until < clock_timestamp(), true)
      and (not v_busy or since < clock_timestamp() - make_interval(secs => p_deferred_ms / 1000))
    order by since limit 1 for update skip locked)
  returning * into v_left;
  if v_left.queue is null then
    return null;
  end if;
  return jsonb_build_object('queue', v_left.queue, 'sorted', v_left.sorted, 'busy', v_busy, 'latest', v_left.latest,
    'since_ms', greatest(0, floor(extract(epoch from clock_timestamp() - v_left.since) * 1000)));
end $$;

-- Holds a queue for so long again, and answers whether any process is busy.
create function hold_left_jobs(p_queue text, p_hold_ms float8, p_late_ms float8) returns boolean
language sql as $$
  update job_index_left set held_until = clock_timestamp() + make_interval(secs => p_hold_ms / 1000) where queue = p_queue;
  select jobs_are_busy(p_late_ms);
$$;

-- Gives a queue back. All is read that was left there until `p_latest`, or not all when that is null.
create function release_left_jobs(p_queue text, p_latest timestamptz) returns void
language sql as $$
  delete from job_index_left where queue = p_queue and latest <= p_latest;
  update job_index_left set held_until = null, since = coalesce(p_latest, since) where queue = p_queue;
$$;

-- When the oldest was put down or left to its queue that is not yet in the index.
create function jobs_unwritten_since() returns timestamptz
language sql stable as $$
  select least(jobs_stashed_since(), (select min(since) from job_index_left));
$$;

select protect_api('job_index_left', 'leave_jobs', 'jobs_are_busy', 'claim_left_jobs', 'hold_left_jobs', 'release_left_jobs',
  'jobs_unwritten_since');
