-- additive
-- A cancelled job is told with the time it was added at, which tells it from an earlier one of its id: the index of jobs
-- learns from it what became of one that left its queue when nobody lived to write that down.

create or replace function cancelled_job(p_queue text, p_job_id text) returns jsonb
language sql stable as $$
  select jsonb_build_object('job', job, 'by', requested_by, 'at', settled_at, 'added_at', job_added_at)
  from job_cancellations
  where queue = p_queue and job_id = p_job_id and outcome = 'cancelled'
  order by job_added_at desc limit 1;
$$;

select protect_api('cancelled_job');
