insert into chore (name)
select unnest($1::text[])
on conflict do nothing
