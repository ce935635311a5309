-- additive
-- The audit log is found by its outcome, too; `open` is an action that has none yet, or whose process died.

create index audit_outcomes_not_done on audit_outcomes (audit_id) where outcome <> 'done';

-- As `audit_page`, with `p_outcome`.
create function audit_find(p_subject text, p_action text, p_object text, p_outcome text, p_from timestamptz,
  p_until timestamptz, p_before bigint, p_limit int)
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
        and (p_outcome is null or coalesce(o.outcome, 'open') = p_outcome)
        and (p_outcome is null or p_outcome in ('done', 'open')
             or l.id in (select n.audit_id from audit_outcomes n where n.outcome <> 'done'))
        and (p_from is null or l.at >= p_from)
        and (p_until is null or l.at < p_until)
        and (p_before is null or l.id < p_before)
      order by l.id desc limit p_limit) page);
end $$;

select protect_api('audit_find');
