-- additive
-- What language models have used, and what calls under way may still use: the daily budget of all processes together.

-- A row a day (UTC); its lock makes the decisions of a day one after another.
create table model_days (
  day                date primary key,
  -- The smallest call that the budget had no room for.
  smallest_refused   bigint
);

create table model_usage (
  day                date not null,
  model              text not null,
  calls              bigint not null,
  input_tokens       bigint not null,
  output_tokens      bigint not null,
  primary key (day, model)
);

-- Calls under way, each with the most that it can cost. One that outlives its time belonged to a process that died, or
-- to a connection that broke off: nobody knows what it cost, so it counts with all of it until its day is over.
create table model_reservations (
  id                 uuid primary key,
  day                date not null,
  tokens             bigint not null check (tokens > 0),
  expires_at         timestamptz not null
);
create index model_reservations_day on model_reservations (day);

create function model_day(p_at timestamptz) returns date
language sql immutable as $$ select (p_at at time zone 'UTC')::date $$;

-- Where a day stands: { used, reserved, smallest_refused, resets_at, wait_ms }.
create function model_day_state(p_day date) returns jsonb
language sql stable as $$
  select jsonb_build_object(
    'used', (select coalesce(sum(input_tokens + output_tokens), 0) from model_usage where day = p_day)
      + coalesce(sum(tokens) filter (where expires_at <= clock_timestamp()), 0),
    'reserved', coalesce(sum(tokens) filter (where expires_at > clock_timestamp()), 0),
    'smallest_refused', (select smallest_refused from model_days where day = p_day),
    'resets_at', (p_day + 1)::timestamp at time zone 'UTC',
    'wait_ms', greatest(1, ceil(1000 * extract(epoch from ((p_day + 1)::timestamp at time zone 'UTC') - clock_timestamp()))))
  from model_reservations where day = p_day;
$$;

create function model_budget_today() returns jsonb
language sql stable as $$ select model_day_state(model_day(clock_timestamp())) $$;

-- Reserves tokens for one call, if the day's limit has room for it beside what was used and what is reserved; without a
-- limit always. The outcome is `granted`; `busy` when there is room but for calls under way, which may give it back; or
-- `used-up`. Run again with the same id it changes nothing.
create function reserve_model_tokens(p_id uuid, p_tokens bigint, p_limit bigint, p_hold_seconds integer) returns jsonb
language plpgsql as $$
declare
  v_day date := model_day(clock_timestamp());
  v_state jsonb;
  v_used bigint;
  v_reserved bigint;
  v_outcome text := 'granted';
begin
  insert into model_days (day) values (v_day) on conflict do nothing;
  perform from model_days where day = v_day for update;
  v_state := model_day_state(v_day);
  v_used := (v_state->>'used')::bigint;
  v_reserved := (v_state->>'reserved')::bigint;
  if exists (select from model_reservations where id = p_id) then
    return v_state || jsonb_build_object('outcome', 'granted');
  end if;
  if v_used + p_tokens > p_limit then
    v_outcome := 'used-up';
    update model_days set smallest_refused = least(smallest_refused, p_tokens) where day = v_day;
  elsif v_used + v_reserved + p_tokens > p_limit then
    v_outcome := 'busy';
  else
    insert into model_reservations (id, day, tokens, expires_at)
    values (p_id, v_day, p_tokens, clock_timestamp() + make_interval(secs => p_hold_seconds));
    delete from model_reservations where day < v_day - 7;
  end if;
  return v_state || jsonb_build_object('outcome', v_outcome);
end $$;

-- Replaces a reservation by what its call did cost, on the day that it was made; without a model the call cost nothing.
-- Run again it changes nothing.
create function settle_model_tokens(p_id uuid, p_model text, p_input bigint, p_output bigint) returns void
language plpgsql as $$
declare
  v_day date;
begin
  delete from model_reservations where id = p_id returning day into v_day;
  if v_day is null or p_model is null then
    return;
  end if;
  insert into model_usage as u (day, model, calls, input_tokens, output_tokens)
  values (v_day, p_model, 1, p_input, p_output)
  on conflict (day, model) do update set
    calls = u.calls + 1,
    input_tokens = u.input_tokens + excluded.input_tokens,
    output_tokens = u.output_tokens + excluded.output_tokens;
end $$;

select protect_api(
  'model_days', 'model_usage', 'model_reservations',
  'model_day', 'model_day_state', 'model_budget_today', 'reserve_model_tokens', 'settle_model_tokens');
