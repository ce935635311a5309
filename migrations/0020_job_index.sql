-- additive
-- The index of jobs: one row for each job that was ever added, whichever store its queue is in. People search in it, and
-- it is the history of jobs that their queue has forgotten. Processes write it in batches, later than things happen, and
-- in any order: so each row remembers when its state was seen, and an older sight never replaces a newer one.

create table job_index (
  -- Ids come round again when a queue has forgotten them: the time of the add tells them apart.
  job_id             text not null,
  queue              text not null,
  added_at           timestamptz(3) not null,
  -- Tells apart what was added in the same millisecond, for paging.
  seq                bigint generated always as identity,
  name               text not null,
  correlation_id     text not null default '',
  tenant             text,
  owner              text,
  -- `<queue>/<id>` of the job that added this one, and of the one that this is a second run of.
  parent             text,
  rerun_of           text,
  trace_id           text,
  state              text not null,
  state_at           timestamptz(3) not null,
  attempts           int not null default 0,
  max_attempts       int,
  due_at             timestamptz(3),
  started_at         timestamptz(3),
  finished_at        timestamptz(3),
  wait_ms            bigint,
  duration_ms        bigint,
  error_code         text,
  error_message      text,
  -- Attempts that did not complete it: [{ at, attempt, seconds, outcome, code, message }], the last twenty.
  tries              jsonb,
  -- The payload, shortened, without what is sensitive in it; null until somebody has seen it.
  payload            jsonb,
  words              tsvector not null default '',
  primary key (job_id, queue, added_at)
);
create index job_index_added on job_index (added_at, seq);
create index job_index_queue on job_index (queue, added_at, seq);
create index job_index_name on job_index (name, added_at, seq);
create index job_index_correlation on job_index (correlation_id, added_at, seq);
create index job_index_owner on job_index (owner, added_at, seq) where owner is not null;
create index job_index_tenant on job_index (tenant, added_at, seq) where tenant is not null;
create index job_index_parent on job_index (parent, added_at, seq) where parent is not null;
create index job_index_rerun on job_index (rerun_of, added_at, seq) where rerun_of is not null;
create index job_index_error on job_index (error_code, added_at, seq) where error_code is not null;
-- Nearly all jobs are completed, and those are found by time alone.
create index job_index_state on job_index (state, added_at, seq) where state <> 'completed';
create index job_index_words on job_index using gin (words);

-- The words of a text that holds nothing else, in small letters: what divides words, and which letters are small, depends on
-- the locale here, so the writer sees to both.
create function job_words(p_text text) returns tsvector
language sql immutable parallel safe as $$
  select strip(to_tsvector('simple', p_text));
$$;

-- Of two sights of the same millisecond the one counts that is further on.
create function job_state_rank(p_state text) returns int
language sql immutable parallel safe as $$
  select case when p_state in ('waiting', 'delayed') then 0 when p_state = 'active' then 1 else 2 end;
$$;

-- Joins what two writers know of the attempts of a job.
create function merge_tries(p_a jsonb, p_b jsonb) returns jsonb
language sql immutable parallel safe as $$
  select case when p_a is null then p_b when p_b is null then p_a else (
    select jsonb_agg(t order by t->>'at') from (
      select t from (
        select distinct on (t->>'at') t from jsonb_array_elements(p_a || p_b) as e(t) order by t->>'at'
      ) as once order by t->>'at' desc limit 20
    ) as latest) end;
$$;

-- Writes what is known of jobs; a field that is null is not known. In one order, so that two writers never wait for each
-- other in a circle.
create function record_jobs(p_jobs jsonb) returns void
language sql as $$
  insert into job_index as j (
    job_id, queue, added_at, name, correlation_id, tenant, owner, parent, rerun_of, trace_id, state, state_at, attempts,
    max_attempts, due_at, started_at, finished_at, wait_ms, duration_ms, error_code, error_message, tries, payload, words)
  select r.job_id, r.queue, r.added_at, r.name, coalesce(r.correlation_id, ''), r.tenant, r.owner, r.parent, r.rerun_of,
    r.trace_id, r.state, r.state_at, coalesce(r.attempts, 0), r.max_attempts, r.due_at, r.started_at, r.finished_at,
    r.wait_ms, r.duration_ms, r.error_code, r.error_message, r.tries, r.payload,
    job_words(coalesce(r.content, ''))
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
    words = case when excluded.words = '' then j.words else j.words || excluded.words end,
    (state, state_at, finished_at, duration_ms, error_code, error_message) = (
      select case when is_newer then excluded.state else j.state end,
        case when is_newer then excluded.state_at else j.state_at end,
        case when is_newer then excluded.finished_at else j.finished_at end,
        case when is_newer then coalesce(excluded.duration_ms, j.duration_ms) else j.duration_ms end,
        case when is_newer then excluded.error_code else j.error_code end,
        case when is_newer then excluded.error_message else j.error_message end
      from (select (excluded.state_at, job_state_rank(excluded.state)) >= (j.state_at, job_state_rank(j.state)) as is_newer) as n);
$$;

-- Of jobs as their queue shows them, [{ n, job_id, queue, added_at, state, attempts }], the numbers of those that the
-- index does not know, or knows otherwise.
create function job_index_gaps(p_jobs jsonb) returns jsonb
language sql stable as $$
  select coalesce(jsonb_agg(r.n order by r.n), '[]')
  from jsonb_to_recordset(p_jobs) as r(n int, job_id text, queue text, added_at timestamptz, state text, attempts int)
  left join job_index j on j.job_id = r.job_id and j.queue = r.queue and j.added_at = r.added_at
  where j.job_id is null or j.payload is null or j.state <> r.state or j.attempts < r.attempts;
$$;

-- Jobs that stand in one of these states for longer than such things take to be written, the oldest first, after the one
-- with which the last call ended: [{ job_id, queue, added_at, seq, state, name }].
create function unsettled_jobs(p_states text[], p_before timestamptz, p_after_at timestamptz, p_after_seq bigint, p_limit int)
returns jsonb
language plpgsql stable set plan_cache_mode = force_custom_plan as $$
begin
  return (
    select coalesce(jsonb_agg(to_jsonb(page) order by page.added_at, page.seq), '[]')
    from (
      select job_id, queue, added_at, seq, state, name from job_index
      where state = any(p_states) and state <> 'completed' and state_at < p_before
        and (p_after_at is null or (added_at, seq) > (p_after_at, p_after_seq))
      order by added_at, seq limit p_limit) page);
end $$;

-- Forgets jobs that were added so long ago and no longer wait or run, at most so many; answers how many those were.
create function forget_jobs(p_days int, p_limit int) returns int
language plpgsql as $$
declare
  v_forgotten int;
begin
  delete from job_index where ctid = any(array(
    select ctid from job_index
    where added_at < now() - make_interval(days => p_days) and state not in ('waiting', 'delayed', 'active')
    order by added_at limit p_limit));
  get diagnostics v_forgotten = row_count;
  return v_forgotten;
end $$;

-- The latest job of an id, with all that is kept of it.
create function indexed_job(p_queue text, p_job_id text) returns jsonb
language sql stable as $$
  select to_jsonb(j) - 'words' from job_index j
  where job_id = p_job_id and queue = p_queue order by added_at desc limit 1;
$$;

-- The jobs that fit; every filter is optional. Becomes part of the query that calls it, so that its plan knows which of them
-- there are.
create function matching_jobs(p_queue text, p_name text, p_state text, p_id text, p_correlation text, p_tenant text,
  p_owner text, p_parent text, p_rerun text, p_error text, p_from timestamptz, p_until timestamptz,
  p_before timestamptz, p_before_seq bigint)
returns setof job_index
language sql stable as $$
  select * from job_index
  where (p_queue is null or queue = p_queue)
    and (p_name is null or name = p_name)
    and (p_state is null or state = p_state)
    and (p_state is null or p_state = 'completed' or state <> 'completed')
    and (p_id is null or job_id = p_id)
    and (p_correlation is null or correlation_id = p_correlation)
    and (p_tenant is null or tenant = p_tenant)
    and (p_owner is null or owner = p_owner)
    and (p_parent is null or parent = p_parent)
    and (p_rerun is null or rerun_of = p_rerun)
    and (p_error is null or error_code = p_error)
    and (p_from is null or added_at >= p_from)
    and (p_until is null or added_at < p_until)
    and (p_before is null or (added_at, seq) < (p_before, p_before_seq));
$$;

-- The newest jobs that fit, without their payloads; `p_words` is a query as to_tsquery reads it. A plan for all filters alike
-- would use no index but that of the times.
--
-- Words are looked for in two steps. How frequent a word is, and among which jobs, no statistics tell: a frequent one is found
-- fastest among the newest jobs, which are read one by one as far as `v_scan`; a rare one by the index of words, whose hits
-- are few and have to be sorted.
create function search_jobs(p_filter jsonb, p_words text, p_limit int) returns jsonb
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
  v_words tsquery := to_tsquery('simple', p_words);
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

select protect_api('job_index', 'job_words', 'job_state_rank', 'merge_tries', 'record_jobs', 'job_index_gaps',
  'unsettled_jobs', 'forget_jobs', 'indexed_job', 'matching_jobs', 'search_jobs');
