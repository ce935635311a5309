-- additive
-- A project may cut answers (PostgREST's db-max-rows, "Max rows"), and says nothing where it does. Asked for so many rows,
-- this shows how many come.

create function answer_rows(p_most int) returns table (place int)
language sql immutable as $$
  select * from generate_series(1, p_most);
$$;

select protect_api('answer_rows');
