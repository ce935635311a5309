-- additive
-- Dead letters as people work with them: every letter of the queues has a row here, which stays when the queue forgets it.

-- Letters of one cause differ in numbers, ids and quotations alone (src/queue/dead-letter-cause.ts).
create table dead_letter_causes (
  cause              text primary key,
  queue              text not null,
  job                text not null,
  code               text not null,
  message            text not null
);

create table dead_letters (
  -- The letter's id in its queue: it follows from the job, so that a letter taken in twice is one.
  id                 text primary key,
  -- Counts upwards in the order of taking in.
  seq                bigint generated always as identity unique,
  cause              text not null references dead_letter_causes,
  queue              text not null,
  job                text not null,
  job_id             text not null,
  code               text not null,
  message            text not null,
  attempts           int not null,
  added_at           timestamptz(3) not null,
  failed_at          timestamptz(3) not null,
  correlation_id     text,
  added_by           text,
  -- What is only looked at when it is opened: { payload, key, stack, details }.
  content            jsonb not null,
  state              text not null default 'open' check (state in ('open', 'replayed', 'discarded')),
  -- Whoever is about to replay or discard it, so that nobody else does; a claim whose process died ends by itself.
  claimed_by         text,
  claimed_until      timestamptz,
  closed_at          timestamptz(3),
  closed_by          text,
  reason             text,
  -- The job that runs in its place: the same one again, or a new one where the queue had forgotten it.
  replay_job         text,
  operation          text
);
create index dead_letters_time on dead_letters (state, failed_at desc, seq desc);
create index dead_letters_cause on dead_letters (state, cause, failed_at);
create index dead_letters_operation on dead_letters (operation) where operation is not null;
create index dead_letters_job on dead_letters (queue, job_id);
create index dead_letters_claimed on dead_letters (claimed_until) where state = 'open' and claimed_until is not null;
create index dead_letters_closed on dead_letters (closed_at) where closed_at is not null;

-- The words of a message. Split by us: the parser takes addresses and file names for one word each.
create function dead_letter_words(p_message text) returns tsvector
language sql immutable as $$
  select to_tsvector('simple'::regconfig, regexp_replace(left(p_message, 10000), '[^[:alnum:]]+', ' ', 'g'));
$$;
create index dead_letters_words on dead_letters using gin (dead_letter_words(message));

-- All words, each of which may be the beginning of one; null when there is none.
create function dead_letter_query(p_words text) returns tsquery
language sql immutable as $$
  select to_tsquery('simple'::regconfig, string_agg(word || ':*', ' & '))
  from regexp_split_to_table(p_words, '[^[:alnum:]]+') as word where word <> '';
$$;

-- Letters that fit: { queue, job, code, state, cause, jobId, from, until, words }, each of which may be absent.
create function dead_letters_matching(p_filter jsonb) returns setof dead_letters
language sql stable as $$
  select * from dead_letters l
  where (p_filter ->> 'state' is null or l.state = p_filter ->> 'state')
    and (p_filter ->> 'queue' is null or l.queue = p_filter ->> 'queue')
    and (p_filter ->> 'job' is null or l.job = p_filter ->> 'job')
    and (p_filter ->> 'code' is null or l.code = p_filter ->> 'code')
    and (p_filter ->> 'cause' is null or l.cause = p_filter ->> 'cause')
    and (p_filter ->> 'jobId' is null or l.job_id = p_filter ->> 'jobId')
    and (p_filter ->> 'from' is null or l.failed_at >= (p_filter ->> 'from')::timestamptz)
    and (p_filter ->> 'until' is null or l.failed_at < (p_filter ->> 'until')::timestamptz)
    and (p_filter ->> 'words' is null or dead_letter_words(l.message) @@ dead_letter_query(p_filter ->> 'words'));
$$;

-- Takes letters in, [{ id, cause, causeMessage, queue, job, ... }], those that are here already as they are. Gives the
-- ids of those that are closed: what the queue still has of them may go.
create function keep_dead_letters(p_letters jsonb) returns jsonb
language plpgsql as $$
begin
  insert into dead_letter_causes (cause, queue, job, code, message)
  select distinct on (l.cause) l.cause, l.queue, l.job, l.code, l."causeMessage"
  from jsonb_to_recordset(p_letters) as l (cause text, queue text, job text, code text, "causeMessage" text)
  order by l.cause
  on conflict (cause) do nothing;

  insert into dead_letters (id, cause, queue, job, job_id, code, message, attempts, added_at, failed_at, correlation_id,
    added_by, content)
  select l.id, l.cause, l.queue, l.job, l."jobId", l.code, l.message, l.attempts, l."addedAt", l."failedAt",
    l."correlationId", l."addedBy", l.content
  from jsonb_to_recordset(p_letters) as l (id text, cause text, queue text, job text, "jobId" text, code text,
    message text, attempts int, "addedAt" timestamptz, "failedAt" timestamptz, "correlationId" text, "addedBy" text,
    content jsonb)
  order by l."failedAt", l.id
  on conflict (id) do nothing;

  return (
    select coalesce(jsonb_agg(d.id), '[]')
    from jsonb_to_recordset(p_letters) as l (id text) join dead_letters d on d.id = l.id
    where d.state <> 'open');
end $$;

-- A letter as lists show it.
create function dead_letter_row(p_letter dead_letters) returns jsonb
language sql stable as $$
  select jsonb_build_object('id', p_letter.id, 'seq', p_letter.seq::text, 'queue', p_letter.queue, 'job', p_letter.job,
    'job_id', p_letter.job_id, 'cause', p_letter.cause, 'code', p_letter.code, 'message', left(p_letter.message, 2000),
    'attempts', p_letter.attempts, 'added_at', p_letter.added_at, 'failed_at', p_letter.failed_at,
    'correlation_id', p_letter.correlation_id, 'added_by', p_letter.added_by, 'state', p_letter.state,
    'closed_at', p_letter.closed_at, 'closed_by', p_letter.closed_by, 'reason', p_letter.reason,
    'replay_job', p_letter.replay_job, 'operation', p_letter.operation);
$$;

-- The letters that failed last, after a time and a number. A plan for all filters alike would use no index but one.
create function dead_letter_page(p_filter jsonb, p_before timestamptz, p_before_seq bigint, p_limit int) returns jsonb
language plpgsql stable set plan_cache_mode = force_custom_plan as $$
begin
  return (
    select coalesce(jsonb_agg(dead_letter_row(page) order by (page).failed_at desc, (page).seq desc), '[]')
    from (
      select l from dead_letters_matching(p_filter) l
      where p_before is null or (l.failed_at, l.seq) < (p_before, p_before_seq)
      order by l.failed_at desc, l.seq desc limit p_limit) as found (page));
end $$;

-- The causes of letters that fit, those of most letters first: [{ cause, queue, job, code, message, count, first_at, last_at }].
create function dead_letter_groups(p_filter jsonb, p_limit int) returns jsonb
language plpgsql stable set plan_cache_mode = force_custom_plan as $$
begin
  return (
    select coalesce(jsonb_agg(to_jsonb(c) || jsonb_build_object('count', g.count, 'first_at', g.first_at, 'last_at', g.last_at)
      order by g.count desc, g.last_at desc, c.cause), '[]')
    from (
      select l.cause, count(*) as count, min(l.failed_at) as first_at, max(l.failed_at) as last_at
      from dead_letters_matching(p_filter) l group by l.cause
      order by count(*) desc, max(l.failed_at) desc, l.cause limit p_limit) g
    join dead_letter_causes c using (cause));
end $$;

create function count_dead_letters(p_filter jsonb) returns bigint
language plpgsql stable set plan_cache_mode = force_custom_plan as $$
begin
  return (select count(*) from dead_letters_matching(p_filter));
end $$;

-- One letter with all that is known of it, or null.
create function find_dead_letter(p_id text) returns jsonb
language sql stable as $$
  select dead_letter_row(l) || jsonb_build_object('message', l.message, 'content', l.content) from dead_letters l where id = p_id;
$$;

-- True for whoever may go on with an open letter, for so many seconds.
create function claim_dead_letter(p_id text, p_owner text, p_seconds double precision) returns boolean
language sql as $$
  with claimed as (
    update dead_letters set claimed_by = p_owner, claimed_until = now() + make_interval(secs => p_seconds)
    where id = p_id and state = 'open' and (claimed_until is null or claimed_until < now() or claimed_by = p_owner)
    returning 1
  )
  select exists (select 1 from claimed);
$$;

create function release_dead_letter(p_id text, p_owner text) returns void
language sql as $$
  update dead_letters set claimed_by = null, claimed_until = null where id = p_id and state = 'open' and claimed_by = p_owner;
$$;

-- Closes a letter that nobody else has a claim on. True for whoever closed it.
create function close_dead_letter(p_id text, p_owner text, p_state text, p_by text, p_reason text, p_job text, p_operation text)
returns boolean
language sql as $$
  with closed as (
    update dead_letters set state = p_state, closed_at = now(), closed_by = p_by, reason = p_reason, replay_job = p_job,
      operation = p_operation, claimed_by = null, claimed_until = null
    where id = p_id and state = 'open' and (claimed_until is null or claimed_until < now() or claimed_by = p_owner)
    returning 1
  )
  select exists (select 1 from closed);
$$;

-- Letters whose replay was begun by a process that has died since: [id], the oldest first.
create function abandoned_dead_letters(p_limit int) returns jsonb
language sql stable as $$
  select coalesce(jsonb_agg(id), '[]')
  from (select id from dead_letters where state = 'open' and claimed_until < now() order by claimed_until limit p_limit) l;
$$;

-- Removes letters that were closed before a time; causes that no letter has go with them.
create function forget_dead_letters(p_before timestamptz, p_limit int) returns int
language plpgsql as $$
declare
  v_count int;
begin
  delete from dead_letters where id in (
    select id from dead_letters where closed_at < p_before order by closed_at limit p_limit);
  get diagnostics v_count = row_count;
  if v_count > 0 then
    delete from dead_letter_causes c where not exists (select from dead_letters l where l.cause = c.cause);
    delete from dead_letter_operations where ended_at < p_before;
  end if;
  return v_count;
end $$;

-- Replays and discards of many letters at once, which go on in another process when theirs dies.
create table dead_letter_operations (
  id                 text primary key,
  kind               text not null check (kind in ('replay', 'discard')),
  filter             jsonb not null,
  per_second         double precision not null,
  reason             text,
  requested_by       text not null,
  state              text not null default 'running' check (state in ('running', 'stopped', 'done')),
  -- Letters that came later are left alone: what dies again must not be replayed for ever.
  as_of              bigint not null,
  total              int not null,
  -- The last letter that was dealt with.
  position           bigint not null default 0,
  failed             int not null default 0,
  fault              text,
  owner              text,
  lease_until        timestamptz not null default now(),
  created_at         timestamptz(3) not null default now(),
  ended_at           timestamptz(3)
);
create index dead_letter_operations_running on dead_letter_operations (created_at) where state = 'running';

create function dead_letter_operation_row(p_operation dead_letter_operations) returns jsonb
language sql stable as $$
  select jsonb_build_object('id', p_operation.id, 'kind', p_operation.kind, 'filter', p_operation.filter,
    'per_second', p_operation.per_second, 'reason', p_operation.reason, 'requested_by', p_operation.requested_by,
    'state', p_operation.state, 'total', p_operation.total, 'failed', p_operation.failed, 'fault', p_operation.fault,
    'created_at', p_operation.created_at, 'ended_at', p_operation.ended_at,
    'done', (select count(*) from dead_letters l where l.operation = p_operation.id));
$$;

-- Begins one; again under the same id it is the one of before.
create function start_dead_letter_operation(p_id text, p_kind text, p_filter jsonb, p_per_second double precision,
  p_reason text, p_by text)
returns jsonb
language plpgsql set plan_cache_mode = force_custom_plan as $$
declare
  v_as_of bigint := (select coalesce(max(seq), 0) from dead_letters);
begin
  insert into dead_letter_operations (id, kind, filter, per_second, reason, requested_by, as_of, total)
  values (p_id, p_kind, p_filter, p_per_second, p_reason, p_by, v_as_of,
    (select count(*) from dead_letters_matching(p_filter || '{"state": "open"}') l where l.seq <= v_as_of))
  on conflict (id) do nothing;
  return (select dead_letter_operation_row(o) from dead_letter_operations o where id = p_id);
end $$;

create function find_dead_letter_operation(p_id text, p_kind text) returns jsonb
language sql stable as $$
  select dead_letter_operation_row(o) from dead_letter_operations o where id = p_id and kind = p_kind;
$$;

-- The newest first.
create function dead_letter_operation_list(p_limit int) returns jsonb
language sql stable as $$
  select coalesce(jsonb_agg(dead_letter_operation_row(o) order by o.created_at desc, o.id), '[]')
  from (select * from dead_letter_operations order by created_at desc, id limit p_limit) o;
$$;

-- Gives a running operation that nobody works on to one process, for so many seconds.
create function claim_dead_letter_operation(p_owner text, p_seconds double precision) returns jsonb
language plpgsql as $$
declare
  v_operation dead_letter_operations;
begin
  update dead_letter_operations set owner = p_owner, lease_until = now() + make_interval(secs => p_seconds)
  where id = (
    select id from dead_letter_operations where state = 'running' and lease_until <= now()
    order by created_at limit 1 for update skip locked)
  returning * into v_operation;
  if not found then
    return null;
  end if;
  return dead_letter_operation_row(v_operation);
end $$;

-- Its next open letters, oldest first: [{ id, seq }].
create function next_dead_letters(p_id text, p_limit int) returns jsonb
language plpgsql stable set plan_cache_mode = force_custom_plan as $$
declare
  v_operation dead_letter_operations;
begin
  select * into v_operation from dead_letter_operations where id = p_id;
  return (
    select coalesce(jsonb_agg(jsonb_build_object('id', l.id, 'seq', l.seq::text) order by l.seq), '[]')
    from (
      select m.id, m.seq from dead_letters_matching(v_operation.filter || '{"state": "open"}') m
      where m.seq > v_operation.position and m.seq <= v_operation.as_of
      order by m.seq limit p_limit) l);
end $$;

-- Notes how far it has come, and keeps it for so many seconds more (0 gives it back). False when it is to go no further:
-- it was stopped, or another process has it.
create function note_dead_letter_operation(p_id text, p_owner text, p_position bigint, p_failed int, p_fault text,
  p_ended boolean, p_seconds double precision)
returns boolean
language sql as $$
  with noted as (
    update dead_letter_operations set
      position = greatest(position, p_position), failed = failed + p_failed, fault = coalesce(p_fault, fault),
      state = case when state = 'running' and p_ended then 'done' else state end,
      ended_at = case when state = 'running' and p_ended then now() else ended_at end,
      lease_until = now() + make_interval(secs => p_seconds)
    where id = p_id and owner = p_owner
    returning state
  )
  select exists (select 1 from noted where state = 'running');
$$;

create function stop_dead_letter_operation(p_id text, p_kind text) returns jsonb
language plpgsql as $$
begin
  update dead_letter_operations set state = 'stopped', ended_at = now() where id = p_id and kind = p_kind and state = 'running';
  return find_dead_letter_operation(p_id, p_kind);
end $$;

select protect_api(
  'dead_letter_causes', 'dead_letters', 'dead_letter_operations', 'dead_letter_words', 'dead_letter_query',
  'dead_letters_matching', 'keep_dead_letters', 'dead_letter_row', 'dead_letter_page', 'dead_letter_groups',
  'count_dead_letters', 'find_dead_letter', 'claim_dead_letter', 'release_dead_letter', 'close_dead_letter',
  'abandoned_dead_letters', 'forget_dead_letters', 'dead_letter_operation_row', 'start_dead_letter_operation',
  'find_dead_letter_operation', 'dead_letter_operation_list', 'claim_dead_letter_operation', 'next_dead_letters',
  'note_dead_letter_operation', 'stop_dead_letter_operation');
