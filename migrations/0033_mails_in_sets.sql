-- additive
-- Mails are claimed and settled as sets, not row by row: half the work for the database where twenty go in a call. What the
-- functions answer is as before. They keep to indexes whatever the tables' statistics say: a plan that was made while the
-- ledger was empty would read all of it once it is large.

-- Takes the ledger's rows for mails: [{ place, job_key, recipient, template, user_id?, kind? }]. Each is answered by one of
--   send     it is the caller's to send, once wait_ms have passed; `unclear` when an earlier claim noted no outcome
--   settled  there is nothing to do: it was sent, or may not be; `fresh` when this claim found that it may not
--   limit    with an interval between two sends, its place would lie beyond p_reach_ms: ask again after wait_ms
--   paused   the provider asked to be left alone: ask again after wait_ms
-- The last two note nothing. The lock on the pace comes first and the rows in their order, so that no two calls wait for
-- each other.
create or replace function claim_mails(p_provider text, p_interval_us int, p_reach_ms int, p_rows jsonb)
returns table (
  place int, outcome text, status text, provider text, message_id text, reason text, unclear boolean, fresh boolean,
  wait_ms int)
language plpgsql set enable_seqscan = off as $$
#variable_conflict use_column
declare
  v_interval interval := p_interval_us * interval '1 microsecond';
  v_next timestamptz;
  v_paused_until timestamptz;
  v_now timestamptz;
  v_pause_ms int := 0;
begin
  if v_interval is null then
    select p.paused_until into v_paused_until from mail_paces p where p.provider = p_provider;
  else
    insert into mail_paces (provider) select p_provider
    where not exists (select 1 from mail_paces p where p.provider = p_provider) on conflict do nothing;
    select p.next_at, p.paused_until into v_next, v_paused_until from mail_paces p where p.provider = p_provider for update;
  end if;
  v_now := clock_timestamp();
  v_next := greatest(v_next, v_now);
  if v_paused_until > v_now then
    v_pause_ms := ceil(extract(epoch from v_paused_until - v_now) * 1000);
  end if;

  return query
  with asked as materialized (
    select r.place, r.job_key, r.recipient, r.template, d.status, d.provider, d.message_id, d.reason,
      case when d.status in ('sent', 'suppressed') then null
           else mail_refusal(r.recipient, r.user_id, r.kind) end as refusal,
      row_number() over (partition by r.job_key, r.recipient order by r.place) as nth
    from jsonb_to_recordset(p_rows) as r (
      place int, job_key text, recipient text, template text, user_id text, kind text)
    left join lateral (
      select e.status, e.provider, e.message_id, e.reason from email_deliveries e
      where e.job_key = r.job_key and e.recipient = r.recipient limit 1) d on true
  ), judged as (
    select a.*,
      case when a.status in ('sent', 'suppressed') then 'settled'
           when a.refusal is not null then 'refused'
           when v_pause_ms > 0 then 'paused'
           else 'send' end as outcome
    from asked a
  ), paced as (
    select j.*,
      case when j.outcome = 'paused' then v_pause_ms
           when j.outcome = 'send' and v_interval is not null then
             ceil(extract(epoch from v_next - v_now + v_interval * (
               row_number() over (partition by j.outcome order by j.job_key, j.recipient, j.place) - 1)) * 1000)::int
           else 0 end as wait_ms
    from judged j
  ), placed as materialized (
    select p.place, p.job_key, p.recipient, p.template, p.status, p.provider, p.message_id, p.reason, p.refusal, p.nth,
      case when p.outcome = 'send' and p.wait_ms > p_reach_ms then 'limit' else p.outcome end as outcome,
      case when p.outcome = 'send' and p.wait_ms > p_reach_ms
           then min(p.wait_ms) filter (where p.outcome = 'send' and p.wait_ms > p_reach_ms) over () - p_reach_ms / 2
           else p.wait_ms end as wait_ms
    from paced p
  ), moved as (
    update mail_paces p set next_at = v_next + v_interval * c.sends
    from (select count(*) as sends from placed where outcome = 'send') c
    where p.provider = p_provider and v_interval is not null and c.sends > 0
  ), noted as (
    insert into email_deliveries as d (job_key, recipient, template, provider, status, reason, attempts)
    select p.job_key, p.recipient, min(p.template), p_provider,
      case when min(p.refusal) is null then 'claimed' else 'suppressed' end, min(p.refusal), count(*)
    from placed p where p.outcome in ('send', 'refused')
    group by p.job_key, p.recipient order by p.job_key, p.recipient
    on conflict (job_key, recipient) do update set
      attempts = d.attempts + case when d.status = 'claimed' then excluded.attempts else 0 end,
      provider = case when d.status = 'claimed' then excluded.provider else d.provider end,
      status = case when d.status <> 'sent' and excluded.reason is not null then 'suppressed' else d.status end,
      reason = case when d.status <> 'sent' and excluded.reason is not null then excluded.reason else d.reason end
    returning d.job_key, d.recipient, d.status, d.provider, d.message_id, d.reason, d.attempts
  )
  select p.place,
    case when p.outcome in ('limit', 'paused') then p.outcome
         when coalesce(n.status, p.status) in ('sent', 'suppressed') then 'settled'
         else 'send' end,
    coalesce(n.status, p.status), coalesce(n.provider, p.provider), coalesce(n.message_id, p.message_id),
    coalesce(n.reason, p.reason),
    -- Of several claims of one mail in one call, the first is the one that is not unclear.
    coalesce(n.status = 'claimed' and (p.nth > 1 or n.attempts > count(*) over (partition by p.job_key, p.recipient)), false),
    coalesce(n.status = 'suppressed' and p.refusal is not null and p.nth = 1, false),
    p.wait_ms
  from placed p left join noted n using (job_key, recipient);
end $$;

-- Notes what became of mails: [{ place, job_key, recipient, status, message_id?, reason? }]. Nothing undoes `sent`; run
-- again it changes nothing. Answers the places of those that were claimed before; another was never claimed.
create or replace function settle_mails(p_rows jsonb) returns table (place int)
language plpgsql set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
begin
  return query
  with told as materialized (
    select r.* from jsonb_to_recordset(p_rows) as r (
      place int, job_key text, recipient text, status text, message_id text, reason text)
  ), noted as (
    update email_deliveries d set
      status = case when d.status = 'sent' then d.status else t.status end,
      message_id = case when d.status = 'sent' then d.message_id else t.message_id end,
      reason = case when d.status = 'sent' then d.reason else t.reason end,
      sent_at = case when d.status = 'sent' then d.sent_at when t.status = 'sent' then now() end
    from (
      select distinct on (job_key, recipient) * from told
      order by job_key, recipient, (status = 'sent') desc, place) t
    where d.job_key = t.job_key and d.recipient = t.recipient
    returning d.job_key, d.recipient
  )
  select t.place from told t join noted n using (job_key, recipient);
end $$;

select protect_api('claim_mails', 'settle_mails');
