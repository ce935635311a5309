-- additive
-- API tokens, sessions in the browser, and tries to sign in: what the API's processes must agree on.

-- Tokens that were made here, by their `jti`. The tokens themselves are kept nowhere.
create table api_tokens (
  id                 text primary key,
  seq                bigint generated always as identity unique,
  subject            text not null,
  role               text not null,
  created_by         text not null,
  created_at         timestamptz(3) not null default now(),
  expires_at         timestamptz(3) not null,
  revoked_by         text,
  revoked_at         timestamptz(3)
);
create index api_tokens_revoked_at on api_tokens (revoked_at) where revoked_at is not null;

-- Who is signed in, or was not long ago. A session is a signed cookie; this row serves to end it before its time.
create table sessions (
  id                 text primary key,
  subject            text not null,
  via                text not null,
  opened_at          timestamptz(3) not null default now(),
  expires_at         timestamptz(3) not null,
  closed_at          timestamptz(3)
);
create index sessions_subject on sessions (subject, via);
create index sessions_expires_at on sessions (expires_at);
create index sessions_closed_at on sessions (closed_at) where closed_at is not null;

-- A token as it is shown; null when there is none of that id.
create function api_token(p_id text) returns jsonb
language sql stable as $$
  select to_jsonb(t) from api_tokens t where id = p_id;
$$;

create function create_api_token(p_id text, p_subject text, p_role text, p_created_by text, p_expires_at timestamptz)
returns jsonb
language sql as $$
  insert into api_tokens as t (id, subject, role, created_by, expires_at)
  values (p_id, p_subject, p_role, p_created_by, p_expires_at)
  returning to_jsonb(t);
$$;

-- The newest first, after the one of number `p_before`.
create function api_token_page(p_subject text, p_before bigint, p_limit int) returns jsonb
language sql stable as $$
  select coalesce(jsonb_agg(to_jsonb(page) order by seq desc), '[]')
  from (
    select * from api_tokens
    where (p_subject is null or subject = p_subject) and (p_before is null or seq < p_before)
    order by seq desc limit p_limit) page;
$$;

-- Revokes a token, and gives it as it is then; again changes nothing. Null when there is none of that id.
create function revoke_api_token(p_id text, p_revoked_by text) returns jsonb
language plpgsql as $$
begin
  update api_tokens set revoked_at = clock_timestamp(), revoked_by = p_revoked_by where id = p_id and revoked_at is null;
  return api_token(p_id);
end $$;

-- Notes a session before its cookie is given out. What has long run out goes.
create function open_session(p_id text, p_subject text, p_via text, p_expires_at timestamptz) returns void
language plpgsql as $$
begin
  delete from sessions where expires_at < now() - interval '1 day';
  insert into sessions (id, subject, via, expires_at) values (p_id, p_subject, p_via, p_expires_at);
end $$;

create function close_session(p_id text) returns void
language sql as $$
  update sessions set closed_at = clock_timestamp() where id = p_id and closed_at is null;
$$;

-- Ends all sessions of a person, who is known by name and way of signing in, and says how many there were.
create function close_sessions(p_subject text, p_via text) returns int
language sql as $$
  with closed as (
    update sessions set closed_at = clock_timestamp()
    where subject = p_subject and via = p_via and closed_at is null and expires_at > now()
    returning 1
  )
  select count(*)::int from closed;
$$;

-- What was revoked or closed from a time on, and would be good without that: { at, ids: [{ id, until }] }, both times in
-- ms since 1970. Whoever asks again from a while before `at` misses nothing, however long the writing took.
create function revocations_since(p_since bigint) returns jsonb
language sql stable as $$
  select jsonb_build_object(
    'at', floor(extract(epoch from clock_timestamp()) * 1000)::bigint,
    'ids', coalesce(jsonb_agg(jsonb_build_object('id', id, 'until', floor(extract(epoch from expires_at) * 1000)::bigint)), '[]'))
  from (
    select id, expires_at from api_tokens
    where revoked_at >= to_timestamp(p_since / 1000.0) and expires_at > now()
    union all
    select id, expires_at from sessions
    where closed_at >= to_timestamp(p_since / 1000.0) and expires_at > now()) ended;
$$;

-- Tries to sign in by key, which is a hash of an address, a user or both. A window begins with the first try in it.
create table sign_in_tries (
  key                text primary key,
  tries              int not null,
  ends_at            timestamptz not null
);
create index sign_in_tries_ends_at on sign_in_tries (ends_at);

-- Counts a try under each key of [{ key, most }], all or none, and answers 0; or counts nothing and answers in how many
-- seconds there may be another. A try is counted before it is known whether it is good, so that tries made at once do not
-- all pass; a good one is taken back by `forget_sign_in_try`.
create function take_sign_in_try(p_keys jsonb, p_seconds int) returns int
language plpgsql as $$
declare
  v_wait int;
begin
  delete from sign_in_tries where key in (
    select key from sign_in_tries where ends_at < now() order by ends_at limit 100 for update skip locked);
  -- In one order, so that two of these wait for each other and never in a circle.
  insert into sign_in_tries as t (key, tries, ends_at)
  select k.key, 0, now() + make_interval(secs => p_seconds)
  from jsonb_to_recordset(p_keys) as k(key text, most int) order by k.key
  on conflict (key) do update set
    tries = case when t.ends_at < now() then 0 else t.tries end,
    ends_at = case when t.ends_at < now() then excluded.ends_at else t.ends_at end;
  select max(greatest(1, ceil(extract(epoch from t.ends_at - clock_timestamp()))))::int into v_wait
  from sign_in_tries t join jsonb_to_recordset(p_keys) as k(key text, most int) on k.key = t.key
  where t.tries >= k.most;
  if v_wait is not null then
    return v_wait;
  end if;
  update sign_in_tries set tries = tries + 1
  where key in (select k.key from jsonb_to_recordset(p_keys) as k(key text, most int));
  return 0;
end $$;

create function forget_sign_in_try(p_keys jsonb) returns void
language plpgsql as $$
begin
  perform from sign_in_tries
  where key in (select k.key from jsonb_to_recordset(p_keys) as k(key text, most int)) order by key for update;
  update sign_in_tries set tries = greatest(0, tries - 1)
  where key in (select k.key from jsonb_to_recordset(p_keys) as k(key text, most int));
end $$;

select protect_api('api_tokens', 'sessions', 'sign_in_tries', 'api_token', 'create_api_token', 'api_token_page', 'revoke_api_token',
  'open_session', 'close_session', 'close_sessions', 'revocations_since', 'take_sign_in_try', 'forget_sign_in_try');
