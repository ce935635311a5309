-- additive
-- Rows of the job index come as columns, not as a list of objects: names once a batch instead of once a job, and nothing
-- that has to be read as JSON but the payloads. A fifth less work for the database than `record_jobs`, and two thirds less for
-- the process; that stays for sights whose texts hold a separator, and for older processes.

-- Queue and name stand beside a job's words in the index of words. That no job of a queue has a word that many others have
-- was found by reading all of those others.

-- A term that is no word of a text, since words begin with a letter or a digit.
create function job_term(p_kind text, p_value text) returns text
language sql immutable parallel safe as $$
  select '#' || p_kind || '=' || left(p_value, 250);
$$;

-- The query for a term, whatever marks it holds.
create function job_term_query(p_kind text, p_value text) returns tsquery
language sql immutable parallel safe as $$
  select ('''' || replace(replace(job_term(p_kind, p_value), '\', '\\'), '''', '''''') || '''')::tsquery;
$$;

-- What a job is found by: the words of a text, which a single space divides, and the terms of its queue and name.
create function job_words_of(p_text text, p_queue text, p_name text) returns tsvector
language sql immutable parallel safe as $$
  select array_to_tsvector(array_remove(string_to_array(coalesce(p_text, ''), ' '), '') ||
    array[job_term('queue', p_queue), job_term('name', p_name)]);
$$;

update job_index set words = words || job_words_of('', queue, name);

-- Writes what is known of jobs. Columns are divided by U+001E, their values by U+001F; an empty value is not known; times
-- are in ms since 1970. What a crash of the database takes with it, the reconciler mends: so nobody waits for the disk.
create function write_jobs(p_jobs text) returns int
language plpgsql as $$
declare
  v_columns text[] := string_to_array(p_jobs, E'\x1e');
  v_written int;
begin
  perform set_config('synchronous_commit', 'off', true);
  insert into job_index as j (
    job_id, queue, added_at, name, correlation_id, tenant, owner, parent, rerun_of, trace_id, state, state_at, attempts,
    max_attempts, due_at, started_at, finished_at, wait_ms, duration_ms, error_code, error_message, tries, payload, words)
  select r.job_id, r.queue, to_timestamp(r.added_at / 1000), r.name, coalesce(r.correlation_id, ''), r.tenant, r.owner,
    r.parent, r.rerun_of, r.trace_id, r.state, to_timestamp(r.state_at / 1000), coalesce(r.attempts, 0), r.max_attempts,
    to_timestamp(r.due_at / 1000), to_timestamp(r.started_at / 1000), to_timestamp(r.finished_at / 1000), r.wait_ms,
    r.duration_ms, r.error_code, r.error_message, r.tries, r.payload, job_words_of(r.content, r.queue, r.name)
  from unnest(
    string_to_array(v_columns[1], E'\x1f', ''), string_to_array(v_columns[2], E'\x1f', ''),
    string_to_array(v_columns[3], E'\x1f', '')::float8[], string_to_array(v_columns[4], E'\x1f', ''),
    string_to_array(v_columns[5], E'\x1f', ''), string_to_array(v_columns[6], E'\x1f', ''),
    string_to_array(v_columns[7], E'\x1f', ''), string_to_array(v_columns[8], E'\x1f', ''),
    string_to_array(v_columns[9], E'\x1f', ''), string_to_array(v_columns[10], E'\x1f', ''),
    string_to_array(v_columns[11], E'\x1f', ''), string_to_array(v_columns[12], E'\x1f', '')::float8[],
    string_to_array(v_columns[13], E'\x1f', '')::int[], string_to_array(v_columns[14], E'\x1f', '')::int[],
    string_to_array(v_columns[15], E'\x1f', '')::float8[], string_to_array(v_columns[16], E'\x1f', '')::float8[],
    string_to_array(v_columns[17], E'\x1f', '')::float8[], string_to_array(v_columns[18], E'\x1f', '')::bigint[],
    string_to_array(v_columns[19], E'\x1f', '')::bigint[], string_to_array(v_columns[20], E'\x1f', ''),
    string_to_array(v_columns[21], E'\x1f', ''), string_to_array(v_columns[22], E'\x1f', '')::jsonb[],
    string_to_array(v_columns[23], E'\x1f', '')::jsonb[], string_to_array(v_columns[24], E'\x1f', '')
  ) as r(job_id, queue, added_at, name, correlation_id, tenant, owner, parent, rerun_of, trace_id, state, state_at, attempts,
    max_attempts, due_at, started_at, finished_at, wait_ms, duration_ms, error_code, error_message, tries, payload, content)
  order by r.job_id, r.queue, r.added_at
  on conflict (job_id, queue, added_at) do update set
    correlation_id = case when j.correlation_id = '' then excluded.correlation_id else j.correlation_id end,
    tenant = coalesce(j.tenant, excluded.tenant),
    owner = coalesce(j.owner, excluded.owner),
    parent = coalesce(j.parent, excluded.parent),
    rerun_of = coalesce(j.rerun_of, excluded.rerun_of),
    trace_id = coalesce(j.trace_id, excluded.trace_id),
    max_attempts = coalesce(j.max_attempts, excluded.max_attempts),
    due_at = coalesce(j.due_at, excluded.due_at),
    attempts = greatest(j.attempts, excluded.attempts),
    started_at = greatest(j.started_at, excluded.started_at),
    wait_ms = coalesce(j.wait_ms, excluded.wait_ms),
    tries = merge_tries(j.tries, excluded.tries),
    payload = coalesce(j.payload, excluded.payload),
    words = j.words || excluded.words,
    (state, state_at, finished_at, duration_ms, error_code, error_message) = (
      select case when is_newer then excluded.state else j.state end,
        case when is_newer then excluded.state_at else j.state_at end,
        case when is_newer then excluded.finished_at else j.finished_at end,
        case when is_newer then coalesce(excluded.duration_ms, j.duration_ms) else j.duration_ms end,
        case when is_newer then excluded.error_code else j.error_code end,
        case when is_newer then excluded.error_message else j.error_message end
      from (select (excluded.state_at, job_state_rank(excluded.state)) >= (j.state_at, job_state_rank(j.state)) as is_newer) as n);
  get diagnostics v_written = row_count;
  return v_written;
end $$;

-- As in 0020, with the terms.
create or replace function record_jobs(p_jobs jsonb) returns void
language sql as $$
  insert into job_index as j (
    job_id, queue, added_at, name, correlation_id, tenant, owner, parent, rerun_of, trace_id, state, state_at, attempts,
    max_attempts, due_at, started_at, finished_at, wait_ms, duration_ms, error_code, error_message, tries, payload, words)
  select r.job_id, r.queue, r.added_at, r.name, coalesce(r.correlation_id, ''), r.tenant, r.owner, r.parent, r.rerun_of,
    r.trace_id, r.state, r.state_at, coalesce(r.attempts, 0), r.max_attempts, r.due_at, r.started_at, r.finished_at,
    r.wait_ms, r.duration_ms, r.error_code, r.error_message, r.tries, r.payload,
    job_words(coalesce(r.content, '')) || job_words_of('', r.queue, r.name)
  from jsonb_to_recordset(p_jobs) as r(
    job_id text, queue text, added_at timestamptz, name text, correlation_id text, tenant text, owner text, parent text,
    rerun_of text, trace_id text, state text, state_at timestamptz, attempts int, max_attempts int, due_at timestamptz,
    started_at timestamptz, finished_at timestamptz, wait_ms bigint, duration_ms bigint, error_code text,
    error_message text, tries jsonb, payload jsonb, content text)
  order by r.job_id, r.queue, r.added_at
  on conflict (job_id, queue, added_at) do update set
    correlation_id = case when j.correlation_id = '' then excluded.correlation_id else j.correlation_id end,
    tenant = coalesce(j.tenant, excluded.tenant),
    owner = coalesce(j.owner, excluded.owner),
    parent = coalesce(j.parent, excluded.parent),
    rerun_of = coalesce(j.rerun_of, excluded.rerun_of),
    trace_id = coalesce(j.trace_id, excluded.trace_id),
    max_attempts = coalesce(j.max_attempts, excluded.max_attempts),
    due_at = coalesce(j.due_at, excluded.due_at),
    attempts = greatest(j.attempts, excluded.attempts),
    started_at = greatest(j.started_at, excluded.started_at),
    wait_ms = coalesce(j.wait_ms, excluded.wait_ms),
    tries = merge_tries(j.tries, excluded.tries),
    payload = coalesce(j.payload, excluded.payload),
    words = j.words || excluded.words,
    (state, state_at, finished_at, duration_ms, error_code, error_message) = (
      select case when is_newer then excluded.state else j.state end,
        case when is_newer then excluded.state_at else j.state_at end,
        case when is_newer then excluded.finished_at else j.finished_at end,
        case when is_newer then coalesce(excluded.duration_ms, j.duration_ms) else j.duration_ms end,
        case when is_newer then excluded.error_code else j.error_code end,
        case when is_newer then excluded.error_message else j.error_message end
      from (select (excluded.state_at, job_state_rank(excluded.state)) >= (j.state_at, job_state_rank(j.state)) as is_newer) as n);
$$;

-- Batches that were put down as they came, while the processes that saw the jobs had no time to have them filed.
create table job_stash (
  id        bigint generated always as identity primary key,
  put_at    timestamptz not null default now(),
  sights    int not null,
  -- As `write_jobs` takes it.
  jobs      text not null
);
create index job_stash_put on job_stash (put_at);
-- To compress a batch costs more than to write it.
alter table job_stash alter jobs set storage external;

create function stash_jobs(p_jobs text, p_sights int) returns void
language plpgsql as $$
begin
  perform set_config('synchronous_commit', 'off', true);
  insert into job_stash (sights, jobs) values (p_sights, p_jobs);
end $$;

-- Files the oldest batch that nobody else is filing: { sights, waited_ms }, null when there is none. One that cannot be read
-- would be in the way of all others: it goes, and its jobs are left to the reconciler.
create function unstash_jobs() returns jsonb
language plpgsql as $$
declare
  v_batch job_stash;
begin
  select * into v_batch from job_stash order by id limit 1 for update skip locked;
  if not found then
    return null;
  end if;
  begin
    perform write_jobs(v_batch.jobs);
  exception when data_exception or program_limit_exceeded or integrity_constraint_violation or cardinality_violation then
    raise warning 'a batch of % sights cannot be filed: %', v_batch.sights, sqlerrm;
  end;
  perform set_config('synchronous_commit', 'off', true);
  delete from job_stash where id = v_batch.id;
  return jsonb_build_object('sights', v_batch.sights,
    'waited_ms', greatest(0, floor(extract(epoch from now() - v_batch.put_at) * 1000)));
end $$;

create function jobs_stashed_since() returns timestamptz
language sql stable as $$
  select min(put_at) from job_stash;
$$;

-- The newest jobs that fit, without their payloads; `p_words` is a query whose words are in small letters. A plan for all
-- filters alike would use no index but that of the times.
--
-- Words are looked for in two steps. How frequent a word is, and among which jobs, no statistics tell: a frequent one is found
-- fastest among the newest jobs, which are read one by one as far as `v_scan`; a rare one by the index of words, whose hits
-- are few and have to be sorted.
create or replace function search_jobs(p_filter jsonb, p_words text, p_limit int) returns jsonb
language plpgsql stable set plan_cache_mode = force_custom_plan set statement_timeout = '10s' as $$
declare
  v_queue text := p_filter->>'queue';
  v_name text := p_filter->>'name';
  v_state text := p_filter->>'state';
  v_id text := p_filter->>'id';
  v_correlation text := p_filter->>'correlation_id';
  v_tenant text := p_filter->>'tenant';
  v_owner text := p_filter->>'owner';
  v_parent text := p_filter->>'parent';
  v_rerun text := p_filter->>'rerun_of';
  v_error text := p_filter->>'error_code';
  v_from timestamptz := (p_filter->>'from')::timestamptz;
  v_until timestamptz := (p_filter->>'until')::timestamptz;
  v_before timestamptz := (p_filter->>'before_at')::timestamptz;
  v_before_seq bigint := (p_filter->>'before_seq')::bigint;
  v_words tsquery := p_words::tsquery;
  v_scan constant int := 10000;
  v_found jsonb;
begin
  select jsonb_agg(to_jsonb(page) - 'words' order by page.added_at desc, page.seq desc) into v_found
  from (
    select * from (
      select job_id, queue, added_at, seq, name, correlation_id, tenant, owner, parent, rerun_of, trace_id, state, attempts,
        max_attempts, due_at, started_at, finished_at, wait_ms, duration_ms, error_code, error_message, words
      from matching_jobs(v_queue, v_name, v_state, v_id, v_correlation, v_tenant, v_owner, v_parent, v_rerun, v_error,
        v_from, v_until, v_before, v_before_seq)
      order by added_at desc, seq desc limit case when v_words is null then p_limit else v_scan end) as newest
    where v_words is null or words @@ v_words
    order by added_at desc, seq desc limit p_limit) as page;
  v_found := coalesce(v_found, '[]');
  if v_words is null or jsonb_array_length(v_found) >= p_limit or v_scan > (
    select count(*) from (
      select from matching_jobs(v_queue, v_name, v_state, v_id, v_correlation, v_tenant, v_owner, v_parent, v_rerun, v_error,
        v_from, v_until, v_before, v_before_seq) limit v_scan) as all_that_fit)
  then
    return v_found;
  end if;
  -- What the index of words says need not be looked up in the rows, of which another queue may have most.
  if length(v_queue) <= 250 then
    v_words := v_words && job_term_query('queue', v_queue);
    v_queue := null;
  end if;
  if length(v_name) <= 250 then
    v_words := v_words && job_term_query('name', v_name);
    v_name := null;
  end if;
  return (
    select coalesce(jsonb_agg(to_jsonb(page) order by page.added_at desc, page.seq desc), '[]')
    from (
      select j.job_id, j.queue, j.added_at, j.seq, j.name, j.correlation_id, j.tenant, j.owner, j.parent, j.rerun_of, j.trace_id,
        j.state, j.attempts, j.max_attempts, j.due_at, j.started_at, j.finished_at, j.wait_ms, j.duration_ms, j.error_code,
        j.error_message
      from (
        select job_id, queue, added_at
        from matching_jobs(v_queue, v_name, v_state, v_id, v_correlation, v_tenant, v_owner, v_parent, v_rerun, v_error,
          v_from, v_until, v_before, v_before_seq)
        where words @@ v_words
        -- No index has this order, so that the one of the words is used.
        order by added_at + interval '0' desc, seq desc limit p_limit) as hits
      join job_index j using (job_id, queue, added_at)) as page);
end $$;

select protect_api('job_term', 'job_term_query', 'job_words_of', 'write_jobs', 'record_jobs', 'job_stash', 'stash_jobs',
  'unstash_jobs', 'jobs_stashed_since', 'search_jobs');
