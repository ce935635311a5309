-- additive
-- Claiming looks at what waits and at leases that have run out, and passes over no row that somebody works at: with
-- thousands of those, each claim took as long as reading them all.

create index conversions_waiting on conversions (created_at, position) where status = 'queued';
create index conversions_leases on conversions (lease_expires_at) where status = 'processing';
drop index conversions_open;

-- What was abandoned had been claimed before what still waits, so it is the older and comes first; within both, the oldest
-- first. A row whose runs were lost `p_most_lost` times, each time with their worker, is given up: it may be what they
-- died of.
create or replace function claim_conversions(p_worker text, p_seconds int, p_limit int, p_most_lost int)
returns setof conversions
language plpgsql as $$
begin
  update conversions set
    status = 'failed', failed_at = now(), updated_at = now(), leased_by = null, lease_expires_at = null, run_token = null,
    error_code = 'UNKNOWN', error_message = format('Given up: %s workers were lost while they worked at it.', lost_runs + 1)
  where id in (
    select c.id from conversions c
    where c.status = 'processing' and c.lease_expires_at < now() and c.run_token is not null
      and c.lost_runs + 1 >= p_most_lost
    for update skip locked);
  return query
    with abandoned as (
      select c.id from conversions c
      where c.status = 'processing' and c.lease_expires_at < now()
      order by c.created_at, c.position limit p_limit for update skip locked
    ), waiting as (
      select c.id from conversions c where c.status = 'queued'
      order by c.created_at, c.position limit p_limit - (select count(*) from abandoned) for update skip locked
    ), claimed as (
      update conversions c set
        status = 'processing', claims = c.claims + 1, job_key = 'conversion.' || c.id || '.' || (c.claims + 1),
        lost_runs = case when c.status = 'queued' then 0 else c.lost_runs + (c.run_token is not null)::int end,
        run_token = null, earlier_attempts = c.attempts,
        leased_by = p_worker, lease_expires_at = now() + make_interval(secs => p_seconds),
        started_at = now(), completed_at = null, failed_at = null, error_code = null, error_message = null, updated_at = now()
      from (table abandoned union all table waiting) as due
      where c.id = due.id
      returning c.*
    )
    select * from claimed order by created_at, position;
end $$;

select protect_api('claim_conversions');
