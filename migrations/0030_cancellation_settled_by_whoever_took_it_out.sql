-- additive
-- Whoever takes a job out of its queue notes that after the removal. Another who looks in between finds the job gone, and
-- may note that it has ended: the one who took it out knows better.

create or replace function settle_job_cancellation(p_queue text, p_job_id text, p_added_at bigint, p_outcome text)
returns boolean
language sql as $$
  with settled as (
    update job_cancellations set outcome = p_outcome, settled_at = now()
    where queue = p_queue and job_id = p_job_id and job_added_at = p_added_at
      and (outcome is null or outcome = 'ended' and p_outcome = 'cancelled')
    returning 1
  )
  select exists (select 1 from settled);
$$;

select protect_api('settle_job_cancellation');
