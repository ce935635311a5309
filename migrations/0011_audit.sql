-- additive
-- The audit log: who did what, on what, from where, and how it ended. It only grows.

create table audit_log (
  id                 bigint generated always as identity primary key,
  at                 timestamptz(3) not null default clock_timestamp(),
  subject            text not null,
  name               text,
  role               text,
  via                text not null,
  action             text not null,
  object             text not null,
  address            text,
  user_agent         text,
  correlation_id     text not null,
  detail             jsonb
);
create index audit_log_at on audit_log (at);
create index audit_log_subject on audit_log (subject, id);
create index audit_log_action on audit_log (action, id);
create index audit_log_object on audit_log (object text_pattern_ops, id);

-- How an action ended stands apart, since the entry itself was written before the action and is never changed.
create table audit_outcomes (
  audit_id           bigint primary key references audit_log,
  at                 timestamptz(3) not null default clock_timestamp(),
  outcome            text not null check (outcome in ('done', 'refused', 'failed')),
  detail             jsonb
);

create function refuse_audit_change() returns trigger
language plpgsql as $$
begin
  raise exception 'The audit log only grows: % on % is refused.', tg_op, tg_table_name using errcode = 'insufficient_privilege';
end $$;
create trigger audit_log_only_grows before update or delete or truncate on audit_log
  for each statement execute function refuse_audit_change();
create trigger audit_outcomes_only_grow before update or delete or truncate on audit_outcomes
  for each statement execute function refuse_audit_change();

-- Writes what is about to be done: { subject, name, role, via, action, object, address, user_agent, correlation_id, detail }.
create function begin_audit(p_entry jsonb) returns bigint
language sql as $$
  insert into audit_log (subject, name, role, via, action, object, address, user_agent, correlation_id, detail)
  select e.subject, e.name, e.role, e.via, e.action, e.object, e.address, e.user_agent, e.correlation_id, e.detail
  from jsonb_to_record(p_entry) as e(subject text, name text, role text, via text, action text, object text,
    address text, user_agent text, correlation_id text, detail jsonb)
  returning id;
$$;

-- Adds how it ended. The first outcome stays.
create function end_audit(p_id bigint, p_outcome text, p_detail jsonb) returns void
language sql as $$
  insert into audit_outcomes (audit_id, outcome, detail) values (p_id, p_outcome, p_detail)
  on conflict (audit_id) do nothing;
$$;

-- The newest entries that fit, as one value. `p_object` may end in `*`; `p_before` is the id after which to go on. A plan
-- for all filters alike would use no index but that of the ids.
create function audit_page(p_subject text, p_action text, p_object text, p_from timestamptz, p_until timestamptz,
  p_before bigint, p_limit int)
returns jsonb
language plpgsql stable set plan_cache_mode = force_custom_plan as $$
declare
  v_prefix text := case when p_object like '%*' then
    replace(replace(replace(left(p_object, -1), '\', '\\'), '%', '\%'), '_', '\_') || '%' end;
begin
  return (
    select coalesce(jsonb_agg(to_jsonb(page) order by page.id desc), '[]')
    from (
      select l.id, l.at, l.subject, l.name, l.role, l.via, l.action, l.object, l.address, l.user_agent, l.correlation_id,
             case when l.detail is null and o.detail is null then null
                  else coalesce(l.detail, '{}') || coalesce(o.detail, '{}') end as detail,
             o.outcome
      from audit_log l left join audit_outcomes o on o.audit_id = l.id
      where (p_subject is null or l.subject = p_subject)
        and (p_action is null or l.action = p_action)
        and (p_object is null or (v_prefix is null and l.object = p_object) or l.object like v_prefix)
        and (p_from is null or l.at >= p_from)
        and (p_until is null or l.at < p_until)
        and (p_before is null or l.id < p_before)
      order by l.id desc limit p_limit) page);
end $$;

select protect_api('audit_log', 'audit_outcomes', 'refuse_audit_change', 'begin_audit', 'end_audit', 'audit_page');
