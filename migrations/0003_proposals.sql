-- additive
-- Proposals that users work on. A proposal answers a notice, which may have left the table since.

create table proposals (
  id                 text primary key,
  user_id            text not null references users (id) on delete cascade,
  notice_id          text,
  title              text not null,
  status             text not null
    check (status in ('draft', 'submitted', 'under-review', 'awarded', 'rejected', 'withdrawn')),
  amount             numeric(18, 2),
  currency           text not null default 'USD' check (currency ~ '^[A-Z]{3}$'),
  due_on             date,
  submitted_on       date,
  decided_on         date,
  created_at         timestamptz not null default now(),
  updated_at         timestamptz not null default now()
);
create index proposals_user_id on proposals (user_id, updated_at desc);

-- The weekly dispatch asks whether a user's report of the week is there.
create index documents_job_key on documents (job_key);
