-- additive
-- Mail: what people want, what became of mails after they were sent, and the pages of the fan-outs.

-- Reminders, summaries and reports had theirs from the start.
alter table users add column wants_proposals boolean not null default true;
alter table users add column wants_documents boolean not null default true;

-- Unsubscribed addresses whose user is not in `users`; where there is one, its wants_... say it.
create table email_unsubscribes (
  email              text not null check (email = lower(email)),
  kind               text not null,
  created_at         timestamptz not null default now(),
  primary key (email, kind)
);

-- What became of a mail later, as the provider's events tell. A column of its own beside `status`: code of an earlier
-- version takes any status but `sent` for a mail that is still to be sent.
alter table email_deliveries add column outcome text
  check (outcome in ('delivered', 'dropped', 'bounced', 'unsubscribed', 'complained'));
alter table email_deliveries add column outcome_at timestamptz;
alter table email_deliveries add column outcome_reason text;
create index email_deliveries_message_id on email_deliveries (message_id) where message_id is not null;

-- Events of the provider that have been taken in: one that comes again changes nothing.
create table email_events (
  id                 text primary key,
  type               text not null,
  email              text not null,
  job_key            text,
  message_id         text,
  reason             text,
  occurred_at        timestamptz not null,
  received_at        timestamptz not null default now()
);
create index email_events_received_at on email_events (received_at);

-- Why no mail of this kind may go to this person, or null.
create function mail_refusal(p_email text, p_user_id text, p_kind text) returns text
language sql stable as $$
  select coalesce(
    (select s.reason from email_suppressions s where s.email = lower(p_email)),
    (select 'unsubscribed' from email_unsubscribes n where n.email = lower(p_email) and n.kind = p_kind),
    (select 'unsubscribed' from users u where u.id = p_user_id and not case p_kind
       when 'reminders' then u.wants_reminders
       when 'summaries' then u.wants_summaries
       when 'proposals' then u.wants_proposals
       when 'documents' then u.wants_documents
       else true end));
$$;

-- Ends one kind of mail for a person. Who wants no documents by mail wants no weekly report either.
create function unsubscribe_mail(p_user_id text, p_email text, p_kind text) returns void
language plpgsql as $$
begin
  update users set
    wants_reminders = wants_reminders and p_kind <> 'reminders',
    wants_summaries = wants_summaries and p_kind <> 'summaries',
    wants_proposals = wants_proposals and p_kind <> 'proposals',
    wants_documents = wants_documents and p_kind <> 'documents',
    wants_reports   = wants_reports   and p_kind <> 'documents'
  where id = p_user_id;
  if not found then
    insert into email_unsubscribes (email, kind) values (lower(p_email), p_kind) on conflict do nothing;
  end if;
end $$;

-- Takes in events of the provider: [{ id, type, email, at, job_key?, message_id?, reason?, suppress? }]. Answers how
-- many were new. The heavier outcome stays, in whatever order events come. An event about a mail whose sending was
-- never noted proves that the provider had accepted it, so the row becomes `sent`.
create function record_mail_events(p_events jsonb) returns int
language plpgsql as $$
declare
  v_new int;
begin
  with given as (
    select distinct on (id) * from jsonb_to_recordset(p_events) as e (
      id text, type text, email text, at timestamptz, job_key text, message_id text, reason text, suppress text)
  ), fresh as (
    insert into email_events (id, type, email, job_key, message_id, reason, occurred_at)
    select id, type, lower(email), job_key, message_id, reason, at from given
    on conflict (id) do nothing
    returning id
  ), events as (
    select g.*, array_position(array['delivered', 'dropped', 'bounced', 'unsubscribed', 'complained'], g.type) as weight
    from given g join fresh f using (id)
  ), matched as (
    select d.job_key, d.recipient, e.type, e.at, e.reason, e.message_id, e.weight
    from events e join email_deliveries d on d.job_key = e.job_key and lower(d.recipient) = lower(e.email)
    union all
    select d.job_key, d.recipient, e.type, e.at, e.reason, e.message_id, e.weight
    from events e join email_deliveries d on d.message_id = e.message_id and lower(d.recipient) = lower(e.email)
    where e.job_key is null
  ), heaviest as (
    select distinct on (job_key, recipient) * from matched order by job_key, recipient, weight desc, at
  ), ledger as (
    update email_deliveries d set
      outcome = h.type, outcome_at = h.at, outcome_reason = h.reason,
      status = case when d.status = 'claimed' then 'sent' else d.status end,
      sent_at = case when d.status = 'claimed' then h.at else d.sent_at end,
      message_id = coalesce(d.message_id, h.message_id)
    from heaviest h
    where d.job_key = h.job_key and d.recipient = h.recipient
      and h.weight > coalesce(
        array_position(array['delivered', 'dropped', 'bounced', 'unsubscribed', 'complained'], d.outcome), 0)
  ), suppressed as (
    insert into email_suppressions (email, reason)
    select distinct on (lower(email)) lower(email), suppress from events where suppress is not null
    order by lower(email), weight desc
    on conflict (email) do nothing
  )
  select count(*) into v_new from fresh;
  return v_new;
end $$;

-- The next users, by id, who want reminders, each with what they saved that closes in time, soonest first. `mailed` says
-- that the ledger has the mail already. Users with nothing to be reminded of come too, so that the page's end is known.
create function reminder_page(
  p_after text, p_limit int, p_from timestamptz, p_until timestamptz, p_most int, p_key_prefix text)
returns table (user_id text, email text, mailed boolean, opportunities jsonb)
language sql stable as $$
  select u.id, u.email,
    exists (select 1 from email_deliveries d
            where d.job_key = p_key_prefix || u.id and d.status in ('sent', 'suppressed')),
    (select coalesce(jsonb_agg(jsonb_build_object(
              'notice_id', o.notice_id, 'title', o.title, 'agency', o.agency, 'deadline', o.response_deadline,
              'url', o.url) order by o.response_deadline, o.notice_id), '[]')
     from (select o.* from saved_opportunities s join opportunities o using (notice_id)
           where s.user_id = u.id and o.active and o.response_deadline >= p_from and o.response_deadline < p_until
           order by o.response_deadline, o.notice_id limit p_most) o)
  from users u
  where u.id > p_after and u.wants_reminders
    and not exists (select 1 from email_suppressions s where s.email = lower(u.email))
  order by u.id limit p_limit;
$$;

-- A user's proposals of a week. The table comes with a later migration; without it there are none. Amounts are only added
-- up when they are in one currency.
create function proposals_of_week(p_user_id text, p_week_start date)
returns table (submitted int, awarded_amount text, awarded_currency text)
language plpgsql stable as $$
begin
  if to_regclass('proposals') is null then
    return query select 0, null::text, null::text;
    return;
  end if;
  return query
    select count(*) filter (where p.submitted_on >= p_week_start and p.submitted_on < p_week_start + 7)::int,
      case when count(distinct p.currency) filter (where w.won) = 1
           then (sum(p.amount) filter (where w.won))::text end,
      case when count(distinct p.currency) filter (where w.won) = 1
           then min(p.currency) filter (where w.won) end
    from proposals p
    cross join lateral (
      select p.status = 'awarded' and p.amount is not null
        and p.decided_on >= p_week_start and p.decided_on < p_week_start + 7 as won) w
    where p.user_id = p_user_id;
end $$;

-- The same for weekly summaries, with the deadlines of what a user saved.
create function summary_page(
  p_after text, p_limit int, p_from timestamptz, p_until timestamptz, p_most int, p_key_prefix text, p_week_start date)
returns table (
  user_id text, email text, mailed boolean, deadlines jsonb,
  proposals_submitted int, awarded_amount text, awarded_currency text)
language sql stable as $$
  select u.id, u.email,
    exists (select 1 from email_deliveries d
            where d.job_key = p_key_prefix || u.id and d.status in ('sent', 'suppressed')),
    (select coalesce(jsonb_agg(jsonb_build_object('title', o.title, 'deadline', o.response_deadline)
                               order by o.response_deadline, o.notice_id), '[]')
     from (select o.* from saved_opportunities s join opportunities o using (notice_id)
           where s.user_id = u.id and o.active and o.response_deadline >= p_from and o.response_deadline < p_until
           order by o.response_deadline, o.notice_id limit p_most) o),
    w.submitted, w.awarded_amount, w.awarded_currency
  from users u cross join lateral proposals_of_week(u.id, p_week_start) w
  where u.id > p_after and u.wants_summaries
    and not exists (select 1 from email_suppressions s where s.email = lower(u.email))
  order by u.id limit p_limit;
$$;

-- What is the same in every summary of a week.
create function summary_figures(p_week_start date, p_from timestamptz, p_until timestamptz, p_most int)
returns table (new_opportunities int, closing_soon int, top jsonb)
language sql stable as $$
  select
    (select count(*)::int from opportunities where posted_on >= p_week_start and posted_on < p_week_start + 7),
    (select count(*)::int from opportunities
     where active and response_deadline >= p_from and response_deadline < p_until),
    (select coalesce(jsonb_agg(jsonb_build_object(
              'notice_id', o.notice_id, 'title', o.title, 'agency', o.agency, 'deadline', o.response_deadline,
              'url', o.url) order by o.response_deadline, o.notice_id), '[]')
     from (select * from opportunities
           where posted_on >= p_week_start and posted_on < p_week_start + 7 and active and response_deadline >= p_from
           order by response_deadline, notice_id limit p_most) o);
$$;
