-- additive
-- A schedule of which only ticks in the future are known, since the clock was wrong when they were made, counts from now.
-- Schedulers whose clocks differ a little still set one baseline between them.
create or replace function set_schedule_baseline(p_schedule text, p_at timestamptz) returns void
language plpgsql as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('schedule ' || p_schedule, 0));
  insert into schedule_ticks (schedule, tick_at, state, claimed_by, claim_expires_at)
  select p_schedule, p_at, 'baseline', 'baseline', now()
  where not exists (
    select 1 from schedule_ticks where schedule = p_schedule and tick_at <= p_at + interval '10 minutes'
  );
end $$;

select protect_api('set_schedule_baseline');
