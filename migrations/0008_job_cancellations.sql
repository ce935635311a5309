-- additive
-- Cancelling jobs: what was asked for until it is done, and what the jobs were that were taken out of their queues.

create table job_cancellations (
  queue              text not null,
  job_id             text not null,
  -- Ms since 1970, as the queue keeps it: tells apart jobs whose id came round again.
  job_added_at       bigint not null,
  requested_by       text not null,
  requested_at       timestamptz not null default now(),
  -- `ended`: the job was over before it could be stopped.
  outcome            text check (outcome in ('cancelled', 'ended')),
  settled_at         timestamptz,
  -- The job as it was when it was cancelled, for those who ask for it later.
  job                jsonb not null,
  primary key (queue, job_id, job_added_at)
);
create index job_cancellations_pending on job_cancellations (requested_at) where outcome is null;
create index job_cancellations_age on job_cancellations (requested_at);

-- Asks for a job to be cancelled, also for one that was cancelled, tried again, and is to be cancelled again. What is
-- older than a week goes: the queues have forgotten such jobs too.
create function request_job_cancellation(p_queue text, p_job_id text, p_added_at bigint, p_by text, p_job jsonb) returns void
language plpgsql as $$
begin
  delete from job_cancellations where requested_at < now() - interval '7 days';
  insert into job_cancellations as c (queue, job_id, job_added_at, requested_by, job)
  values (p_queue, p_job_id, p_added_at, p_by, p_job)
  on conflict (queue, job_id, job_added_at) do update
    set requested_by = excluded.requested_by, requested_at = now(), outcome = null, settled_at = null, job = excluded.job
    where c.outcome is not null;
end $$;

-- What is still to be done: [{ queue, job_id, added_at, by }], the oldest first.
create function pending_job_cancellations() returns jsonb
language sql stable as $$
  select coalesce(jsonb_agg(jsonb_build_object(
    'queue', queue, 'job_id', job_id, 'added_at', job_added_at, 'by', requested_by) order by requested_at), '[]')
  from (select * from job_cancellations where outcome is null order by requested_at limit 1000) pending;
$$;

-- True for the one who settled it.
create function settle_job_cancellation(p_queue text, p_job_id text, p_added_at bigint, p_outcome text) returns boolean
language sql as $$
  with settled as (
    update job_cancellations set outcome = p_outcome, settled_at = now()
    where queue = p_queue and job_id = p_job_id and job_added_at = p_added_at and outcome is null
    returning 1
  )
  select exists (select 1 from settled);
$$;

-- The last job of an id that was cancelled: { job, by, at }, or null.
create function cancelled_job(p_queue text, p_job_id text) returns jsonb
language sql stable as $$
  select jsonb_build_object('job', job, 'by', requested_by, 'at', settled_at)
  from job_cancellations
  where queue = p_queue and job_id = p_job_id and outcome = 'cancelled'
  order by job_added_at desc limit 1;
$$;

select protect_api(
  'job_cancellations', 'request_job_cancellation', 'pending_job_cancellations', 'settle_job_cancellation', 'cancelled_job');
