-- additive
-- What operators are told of: one row for each time that something was wrong, and who has been told.

create table alerts (
  id                 bigint generated always as identity primary key,
  kind               text not null,
  subject            text not null,
  message            text not null,
  raised_at          timestamptz not null default now(),
  -- Before this it is told to nobody: what mends itself meanwhile was no news.
  tell_at            timestamptz not null,
  resolved_at        timestamptz
);
create unique index alerts_open on alerts (kind, subject) where resolved_at is null;
create index alerts_resolved on alerts (resolved_at) where resolved_at is not null;

create table alert_notices (
  alert_id           bigint not null references alerts (id) on delete cascade,
  channel            text not null,
  what               text not null check (what in ('raised', 'resolved')),
  claimed_until      timestamptz not null,
  told_at            timestamptz,
  primary key (alert_id, channel, what)
);

-- Takes in a look around: what is wrong now, [{ kind, subject, message, holdSeconds }], of the kinds that were looked
-- at. An alert that is open stays as it is; one that is no longer wrong is resolved.
create function note_alerts(p_kinds jsonb, p_wrong jsonb) returns void
language plpgsql as $$
begin
  insert into alerts (kind, subject, message, tell_at)
  select w.kind, w.subject, w.message, now() + make_interval(secs => w."holdSeconds")
  from jsonb_to_recordset(p_wrong) as w (kind text, subject text, message text, "holdSeconds" double precision)
  on conflict (kind, subject) where resolved_at is null do update set message = excluded.message;

  update alerts a set resolved_at = now()
  where a.resolved_at is null and p_kinds ? a.kind
    and not exists (
      select from jsonb_to_recordset(p_wrong) as w (kind text, subject text)
      where w.kind = a.kind and w.subject = a.subject);

  delete from alerts where resolved_at < now() - interval '90 days';
end $$;

-- Gives the next notice that a channel has not had, to one caller at a time; a claim that is not confirmed within its
-- seconds ends by itself. That something is well again is told only where it was told that it was not.
create function claim_alert_notice(p_channel text, p_seconds double precision) returns jsonb
language plpgsql as $$
declare
  v_row record;
begin
  for v_row in
    select a.id, a.kind, a.subject, a.message, a.raised_at, a.resolved_at,
      case when raised.told_at is null then 'raised' else 'resolved' end as what
    from alerts a
    left join alert_notices raised on raised.alert_id = a.id and raised.channel = p_channel and raised.what = 'raised'
    left join alert_notices resolved on resolved.alert_id = a.id and resolved.channel = p_channel and resolved.what = 'resolved'
    where (raised.told_at is null and a.resolved_at is null and a.tell_at <= now())
       or (raised.told_at is not null and a.resolved_at is not null and resolved.told_at is null)
    order by a.id
  loop
    insert into alert_notices as n (alert_id, channel, what, claimed_until)
    values (v_row.id, p_channel, v_row.what, now() + make_interval(secs => p_seconds))
    on conflict (alert_id, channel, what) do update set claimed_until = excluded.claimed_until
      where n.told_at is null and n.claimed_until < now();
    if found then
      return jsonb_build_object('id', v_row.id, 'what', v_row.what, 'kind', v_row.kind, 'subject', v_row.subject,
        'message', v_row.message, 'raisedAt', v_row.raised_at, 'resolvedAt', v_row.resolved_at);
    end if;
  end loop;
  return null;
end $$;

-- The channel has taken the notice.
create function settle_alert_notice(p_alert bigint, p_channel text, p_what text) returns void
language sql as $$
  update alert_notices set told_at = now()
  where alert_id = p_alert and channel = p_channel and what = p_what and told_at is null;
$$;

select protect_api('alerts', 'alert_notices', 'note_alerts', 'claim_alert_notice', 'settle_alert_notice');
