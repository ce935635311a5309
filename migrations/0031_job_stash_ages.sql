-- additive
-- Processes that have time file what others put down; that those others are still busy shows in when they last did so. Ages are
-- told by the clock that the times were taken from.

-- { oldest_ms, latest_ms }, null when nothing waits to be filed.
create function job_stash_ages() returns jsonb
language sql volatile as $$
  select jsonb_build_object(
    'oldest_ms', greatest(0, floor(extract(epoch from clock_timestamp() - min(put_at)) * 1000)),
    'latest_ms', greatest(0, floor(extract(epoch from clock_timestamp() - max(put_at)) * 1000)))
  from job_stash having min(put_at) is not null;
$$;

select protect_api('job_stash_ages');
