-- additive
-- Files that came from outside, with their text by page.

create table attachments (
  id                 text primary key,
  opportunity_id     text,
  -- The address or the storage key that it came from.
  source             text not null,
  file_name          text not null,
  content_type       text not null,
  bytes              bigint not null,
  sha256             text not null,
  storage_key        text not null,
  pages              int not null,
  page_texts         text[] not null,
  created_at         timestamptz not null default now(),
  updated_at         timestamptz not null default now()
);
create index attachments_opportunity_id on attachments (opportunity_id);

-- Writes an attachment, or replaces it. Answers the storage key that the row had before, if another: that file is then
-- nobody's.
create function save_attachment(
  p_id text, p_opportunity_id text, p_source text, p_file_name text, p_content_type text, p_bytes bigint,
  p_sha256 text, p_storage_key text, p_page_texts text[])
returns text language plpgsql as $$
declare
  v_before text;
begin
  -- Two jobs for one attachment come one after the other, so that each file is replaced by exactly one of them.
  perform pg_advisory_xact_lock(hashtextextended('attachment ' || p_id, 0));
  select storage_key into v_before from attachments where id = p_id;
  insert into attachments as a (id, opportunity_id, source, file_name, content_type, bytes, sha256, storage_key, pages,
                                page_texts)
  values (p_id, p_opportunity_id, p_source, p_file_name, p_content_type, p_bytes, p_sha256, p_storage_key,
          cardinality(p_page_texts), p_page_texts)
  on conflict (id) do update set
    opportunity_id = excluded.opportunity_id, source = excluded.source, file_name = excluded.file_name,
    content_type = excluded.content_type, bytes = excluded.bytes, sha256 = excluded.sha256,
    storage_key = excluded.storage_key, pages = excluded.pages, page_texts = excluded.page_texts, updated_at = now();
  return nullif(v_before, p_storage_key);
end;
$$;
