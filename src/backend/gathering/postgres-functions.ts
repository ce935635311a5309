import { createHash } from 'node:crypto';
import type { ClientBase } from 'pg';
import { delayedDue, notPlain } from './turns.ts';

/**
 * What BullMQ 6.7.0 does for one job in `add_job`, `move_to_completed` and `move_to_active`, here for many in one call
 * and one commit. Tables, columns and events are exactly BullMQ's; what is not plain is left to its own functions.
 * `test/contract/gathering.ts` compares what both leave in the tables.
 */
export interface PostgresFunction {
  /** Ends in a hash of its text: two versions of the platform on one database each find their own. */
  readonly name: string;
  readonly create: string;
}

/**
 * A call is about a handful of jobs, which their key finds at once. The planner takes a list for a hundred rows and a table
 * that has just been filled for small, and would read a whole queue in each call: 7 to 13 ms at 8,000 jobs instead of 0.1.
 */
const plans = ['hashjoin', 'mergejoin', 'material', 'seqscan', 'bitmapscan']
  .map((way) => `set enable_${way} = off`)
  .join(' ');

function define(name: string, signature: string, body: string): PostgresFunction {
  const hash = createHash('sha256').update(signature).update(plans).update(body).digest('hex').slice(0, 10);
  const full = `millrace_${name}_${hash}`;
  return {
    name: full,
    create: `create or replace function ${full}${signature}
language plpgsql set search_path from current ${plans} as $millrace$${body}$millrace$`,
  };
}

/**
 * Publishes events, a list of [name, data], as BullMQ's `publish_event` does a single one. It is the last thing that a
 * call does, and one call at a time does it: watchers read on from the newest event that they have seen, and would never
 * see one that has a smaller number and comes later.
 */
const publish = define(
  'publish',
  '(p_queue text, p_events jsonb) returns void',
  `
declare
  v_first bigint;
  v_last bigint;
  v_most bigint;
begin
  if p_events = '[]' then return; end if;
  perform pg_advisory_xact_lock(hashtext('millrace:events'), hashtext(p_queue));
  with published as (
    insert into event (queue, event, data, created_at_ms)
    select p_queue, e ->> 0, e -> 1, (extract(epoch from clock_timestamp()) * 1000)::bigint
      from jsonb_array_elements(p_events) with ordinality as list(e, ord) order by ord
    returning id
  )
  select min(id), max(id) from published into v_first, v_last;
  if pg_try_advisory_xact_lock(hashtext('bullmq:evnotify:' || p_queue)) then
    perform pg_notify('bullmq_events', p_queue);
  end if;
  -- Each 256th event trims.
  if v_last / 256 = (v_first - 1) / 256 then return; end if;
  v_most := coalesce((select value::bigint from meta where queue = p_queue and field = 'opts.maxLenEvents'), 10000);
  if v_most > 0 and v_last > v_most and pg_try_advisory_xact_lock(hashtext('bullmq:evtrim:' || p_queue)) then
    delete from event where queue = p_queue and id <= v_last - v_most;
  end if;
end
`,
);

/**
 * Adds plain jobs: no delay, priority, parent or deduplication. Takes [{ id (absent to count one up), name, data, opts,
 * attempts, timestamp }] and gives the ids in order. An id that exists keeps its job.
 */
export const addMany = define(
  'add_many',
  '(p_queue text, p_jobs jsonb) returns text[]',
  `
declare
  v_counter text := job_id_seq_name(p_queue);
  v_ids text[];
  v_added boolean;
  v_events jsonb;
begin
  perform pg_advisory_xact_lock_shared(hashtext('bullmq:finalization'), hashtext(p_queue));
  if to_regclass(v_counter) is null then
    perform pg_advisory_xact_lock(hashtext('bullmq:jidseq:' || p_queue));
    execute format('create sequence if not exists %I', v_counter);
  end if;
  with counted as materialized (
    select ord, coalesce(j.id, nextval(v_counter::regclass)::text) as id, nextval('job_seq') as seq,
           j.name, coalesce(j.data, 'null') as data, j.opts, j.attempts, j."timestamp"
      from rows from (jsonb_to_recordset(p_jobs) as (
             id text, name text, data jsonb, opts jsonb, attempts integer, "timestamp" bigint
           )) with ordinality as j(id, name, data, opts, attempts, "timestamp", ord)
  ),
  -- Of several jobs with one id only the first is new.
  ranked as (select *, row_number() over (partition by id order by ord) = 1 as foremost from counted),
  added as (
    insert into job (queue, id, seq, name, state, data, opts, priority, delay_ms, max_attempts, added_at_ms)
    select p_queue, id, seq, name, 'waiting', data, opts, 0, 0, attempts, "timestamp" from ranked order by ord
    on conflict (queue, id) do nothing
    returning id
  ),
  said as (
    select ord, 1 as step, jsonb_build_array('added', jsonb_build_object('jobId', id, 'name', name)) as event
      from ranked join added using (id) where foremost
    union all
    select ord, 2, jsonb_build_array('waiting', jsonb_build_object('jobId', id))
      from ranked join added using (id) where foremost
    union all
    select ord, 1, jsonb_build_array('duplicated', jsonb_build_object('jobId', id))
      from ranked left join added using (id) where not foremost or added.id is null
  )
  select (select array_agg(id order by ord) from ranked), exists (select 1 from added),
         (select jsonb_agg(event order by ord, step) from said)
    into v_ids, v_added, v_events;
  if v_added then perform pg_notify('bullmq_jobs', p_queue); end if;
  perform ${publish.name}(p_queue, v_events);
  return v_ids;
end
`,
);

/**
 * Completes jobs and takes others for those who ask, in that order. Takes [{ id (absent to complete none), token, result,
 * next }], the clock and the lock's duration in ms, the worker's name, age in seconds and number of completed jobs to
 * keep (null for no bound).
 * Gives codes: for each call 0 or notPlain; jobs: the taken ones' rows, each under the index of its call; state: 0,
 * notPlain or delayedDue for those who got none; next: when the next delayed job is due (ms).
 */
export const finishAndTake = define(
  'finish_and_take',
  `(p_queue text, p_calls jsonb, p_now bigint, p_lock_ms bigint, p_worker text, p_age bigint, p_count bigint)
  returns json`,
  `
declare
  v_codes integer[];
  v_finished jsonb := '[]';
  v_drained jsonb := '[]';
  v_started jsonb := '[]';
  v_takers bigint[];
  v_jobs json;
  v_taken integer := 0;
  v_state integer := 0;
  v_next bigint;
begin
  if jsonb_path_exists(p_calls, '$[*].id') then
    perform pg_advisory_xact_lock_shared(hashtext('bullmq:finalization'), hashtext(p_queue));
    -- In the order of their ids, so that two who lock the same jobs do not wait for each other.
    perform 1 from job
      where queue = p_queue and id = any (array(select c ->> 'id' from jsonb_array_elements(p_calls) as c))
      order by id for update;
  end if;

  with calls as materialized (
    select ord, c.id, c.token, coalesce(c.result, 'null') as result
      from rows from (jsonb_to_recordset(p_calls) as (id text, token text, result jsonb))
           with ordinality as c(id, token, result, ord)
  ),
  judged as materialized (
    select ord, calls.id, result, case
        when calls.id is null then 0
        when state = 'active' and lock_token = token and parent_id is null and dedup_id is null and not exists (
          select 1 from job_dependency where parent_queue = p_queue and parent_id = calls.id
        ) then 0
        else ${notPlain}
      end as code
      from calls left join job on job.queue = p_queue and job.id = calls.id
  ),
  finished as (
    update job set state = 'completed', return_value = judged.result, finished_at_ms = p_now,
        lock_token = null, locked_until_ms = null, attempts_made = attempts_made + 1
      from judged
     where job.queue = p_queue and job.id = judged.id and judged.code = 0
  )
  select array_agg(code order by ord),
         coalesce(jsonb_agg(
           jsonb_build_array('completed', jsonb_build_object('jobId', id, 'returnvalue', result::text, 'prev', 'active'))
           order by ord
         ) filter (where code = 0 and id is not null), '[]')
    from judged into v_codes, v_finished;

  if v_finished <> '[]' then
    if p_count is not null then
      -- Who counts must see what others have completed.
      perform pg_advisory_xact_lock(hashtext('millrace:events'), hashtext(p_queue));
    end if;
    if p_age is not null then
      delete from job where queue = p_queue and state = 'completed' and finished_at_ms <= p_now - p_age * 1000;
    end if;
    if p_count is not null then
      delete from job where queue = p_queue and state = 'completed' and id = any (array(
        select id from job where queue = p_queue and state = 'completed'
         order by finished_at_ms desc, seq desc offset p_count
      ));
    end if;
  end if;

  select array_agg(ord order by ord) into v_takers
    from jsonb_array_elements(p_calls) with ordinality as c(call, ord)
   where call ->> 'next' = 'true' and v_codes[ord] = 0;

  if v_takers is not null then
    if exists (
      select 1 from meta
       where queue = p_queue and ((field = 'paused' and value = '1') or field in ('concurrency', 'max'))
    ) then
      v_state := ${notPlain};
    elsif exists (select 1 from job where queue = p_queue and state = 'delayed' and process_at_ms <= p_now) then
      v_state := ${delayedDue};
    else
      with chosen as materialized (
        select id, priority, seq from job
         where queue = p_queue and state = 'waiting'
         order by priority, seq limit cardinality(v_takers)
           for update skip locked
      ),
      given as (
        select id, v_takers[(row_number() over (order by priority, seq))::integer] as call from chosen
      ),
      taken as (
        update job set state = 'active', lock_token = p_calls -> (call - 1)::integer ->> 'token',
            locked_until_ms = p_now + p_lock_ms, processed_at_ms = p_now, processed_by = p_worker,
            attempts_started = attempts_started + 1
          from given
         where job.queue = p_queue and job.id = given.id
        returning job.*, call
      )
      select json_agg(taken), count(*),
             coalesce(jsonb_agg(
               jsonb_build_array('active', jsonb_build_object('jobId', id, 'prev', 'waiting')) order by call
             ), '[]')
        from taken into v_jobs, v_taken, v_started;
      if v_taken < cardinality(v_takers) then v_next := next_delay(p_queue); end if;
    end if;
  end if;
  if v_finished <> '[]' and v_taken = 0 then
    -- Of two who complete or take the last jobs at once, the second must see what the first has done.
    perform pg_advisory_xact_lock(hashtext('millrace:events'), hashtext(p_queue));
    if not exists (select 1 from job where queue = p_queue and state = 'active') and (
      exists (select 1 from meta where queue = p_queue and field = 'paused' and value = '1')
      or not exists (select 1 from job where queue = p_queue and state = 'waiting')
    ) then
      v_drained := '[["drained", {}]]';
    end if;
  end if;
  perform ${publish.name}(p_queue, v_finished || v_drained || v_started);
  return json_build_object('codes', v_codes, 'jobs', v_jobs, 'state', v_state, 'next', v_next);
end
`,
);

const all = [publish, addMany, finishAndTake];

/** Creates the functions that are not there yet, beside BullMQ's own, on a client whose `search_path` begins with them. */
export async function installFunctions(client: ClientBase): Promise<void> {
  const missing = async () => {
    const names = all.map(({ name }) => name);
    const { rows } = await client.query<{ name: string }>(
      `select name from unnest($1::text[]) as name
        where not exists (select 1 from pg_proc where proname = name and pronamespace = current_schema()::regnamespace)`,
      [names],
    );
    return all.filter(({ name }) => rows.some((row) => row.name === name));
  };
  if ((await missing()).length === 0) return;
  await client.query('begin');
  try {
    await client.query(`select pg_advisory_xact_lock(hashtext('millrace:gathering'))`);
    for (const { create } of await missing()) await client.query(create);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
}
