-- additive
-- Who uploaded the PDF; absent in rows that another service inserted, which are nobody's and may be read by all.

alter table conversions add column added_by text;

-- As `create_conversion`, with who uploaded it.
create function create_conversion_of(p_added_by text, p_id text, p_upload_path text, p_mapping text, p_file_name text,
  p_upload_bytes bigint)
returns setof conversions
language plpgsql as $$
begin
  delete from storage_removals where storage_key = p_upload_path;
  return query insert into conversions (id, upload_path, mapping, file_name, upload_bytes, added_by)
    values (p_id, p_upload_path, p_mapping, p_file_name, p_upload_bytes, p_added_by) returning *;
end $$;

select protect_api('create_conversion_of');
