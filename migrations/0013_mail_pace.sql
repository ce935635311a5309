-- additive
-- Mails are claimed and settled many at a time, and each provider's limit is kept for all processes together.

-- Where a provider stands: when the next mail may go to it, and until when it has asked to be left alone.
create table mail_paces (
  provider           text primary key,
  next_at            timestamptz not null default '-infinity',
  paused_until       timestamptz not null default '-infinity'
);

-- Takes the ledger's rows for mails: [{ place, job_key, recipient, template, user_id?, kind? }]. Each is answered by one of
--   send     it is the caller's to send, once wait_ms have passed; `unclear` when an earlier claim noted no outcome
--   settled  there is nothing to do: it was sent, or may not be; `fresh` when this claim found that it may not
--   limit    with an interval between two sends, its place would lie beyond p_reach_ms: ask again after wait_ms
--   paused   the provider asked to be left alone: ask again after wait_ms
-- The last two note nothing. The lock on the pace comes first and the rows in their order, so that no two calls wait for
-- each other.
create function claim_mails(p_provider text, p_interval_us int, p_reach_ms int, p_rows jsonb)
returns table (
  place int, outcome text, status text, provider text, message_id text, reason text, unclear boolean, fresh boolean,
  wait_ms int)
language plpgsql as $$
#variable_conflict use_column
declare
  v_row record;
  v_old email_deliveries;
  v_new email_deliveries;
  v_refusal text;
  v_interval interval := p_interval_us * interval '1 microsecond';
  v_next timestamptz;
  v_paused_until timestamptz;
  v_now timestamptz;
  v_wait_ms int;
  v_taken boolean := false;
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

  for v_row in
    select r.* from jsonb_to_recordset(p_rows) as r (
      place int, job_key text, recipient text, template text, user_id text, kind text)
    order by r.job_key, r.recipient
  loop
    select d.* into v_old from email_deliveries d where d.job_key = v_row.job_key and d.recipient = v_row.recipient;
    if v_old.status in ('sent', 'suppressed') then
      return query select v_row.place, 'settled', v_old.status, v_old.provider, v_old.message_id, v_old.reason, false, false, 0;
      continue;
    end if;
    v_refusal := mail_refusal(v_row.recipient, v_row.user_id, v_row.kind);
    v_wait_ms := 0;
    if v_refusal is null and v_paused_until > v_now then
      v_wait_ms := ceil(extract(epoch from v_paused_until - v_now) * 1000);
      return query select v_row.place, 'paused', null, null, null, null, false, false, v_wait_ms;
      continue;
    end if;
    if v_refusal is null and v_interval is not null then
      v_wait_ms := ceil(extract(epoch from v_next - v_now) * 1000);
      if v_wait_ms > p_reach_ms then
        return query select v_row.place, 'limit', null, null, null, null, false, false, v_wait_ms - p_reach_ms / 2;
        continue;
      end if;
      v_next := v_next + v_interval;
      v_taken := true;
    end if;
    insert into email_deliveries as d (job_key, recipient, template, provider, status, reason)
    values (v_row.job_key, v_row.recipient, v_row.template, p_provider,
      case when v_refusal is null then 'claimed' else 'suppressed' end, v_refusal)
    on conflict (job_key, recipient) do update set
      attempts = d.attempts + case when d.status = 'claimed' then 1 else 0 end,
      provider = case when d.status = 'claimed' then excluded.provider else d.provider end,
      status = case when d.status <> 'sent' and v_refusal is not null then 'suppressed' else d.status end,
      reason = case when d.status <> 'sent' and v_refusal is not null then v_refusal else d.reason end
    returning d.* into v_new;
    return query select v_row.place,
      case when v_new.status in ('sent', 'suppressed') then 'settled' else 'send' end,
      v_new.status, v_new.provider, v_new.message_id, v_new.reason,
      v_new.status = 'claimed' and v_new.attempts > 1,
      v_new.status = 'suppressed' and v_refusal is not null,
      v_wait_ms;
  end loop;
  if v_taken then
    update mail_paces p set next_at = v_next where p.provider = p_provider;
  end if;
end $$;

-- Notes what became of mails: [{ place, job_key, recipient, status, message_id?, reason? }]. Nothing undoes `sent`; run
-- again it changes nothing. Answers the places of those that were claimed before; another was never claimed.
create function settle_mails(p_rows jsonb) returns table (place int)
language plpgsql as $$
#variable_conflict use_column
declare
  v_row record;
begin
  for v_row in
    select r.* from jsonb_to_recordset(p_rows) as r (
      place int, job_key text, recipient text, status text, message_id text, reason text)
    order by r.job_key, r.recipient
  loop
    update email_deliveries d set
      status = case when d.status = 'sent' then d.status else v_row.status end,
      message_id = case when d.status = 'sent' then d.message_id else v_row.message_id end,
      reason = case when d.status = 'sent' then d.reason else v_row.reason end,
      sent_at = case when d.status = 'sent' then d.sent_at when v_row.status = 'sent' then now() end
    where d.job_key = v_row.job_key and d.recipient = v_row.recipient;
    if found then return query select v_row.place; end if;
  end loop;
end $$;

-- Takes back a claim of a mail that certainly did not go out, so that the next is not taken for a second try.
create function unclaim_mail(p_job_key text, p_recipient text) returns void
language sql as $$
  update email_deliveries set attempts = greatest(attempts - 1, 0)
  where job_key = p_job_key and recipient = p_recipient and status = 'claimed';
$$;

-- Leaves a provider alone for so long; a pause that ends later stays.
create function pause_mails(p_provider text, p_ms bigint) returns void
language sql as $$
  insert into mail_paces as p (provider, paused_until)
  values (p_provider, clock_timestamp() + p_ms * interval '1 ms')
  on conflict (provider) do update set paused_until = greatest(p.paused_until, excluded.paused_until);
$$;

-- How much longer a provider is to be left alone, in ms.
create function mail_pause_ms(p_provider text) returns int
language sql stable as $$
  select greatest(0, coalesce(
    (select ceil(extract(epoch from p.paused_until - clock_timestamp()) * 1000)
     from mail_paces p where p.provider = p_provider and p.paused_until > clock_timestamp()), 0))::int;
$$;

select protect_api(
  'mail_paces', 'claim_mails', 'settle_mails', 'unclaim_mail', 'pause_mails', 'mail_pause_ms');
