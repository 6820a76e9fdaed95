-- By the names of the columns: what a row was written without is null.
insert into instance
select *
from jsonb_populate_recordset(null::instance, $2::text::jsonb) as row
where row.tenant_id = $1
on conflict do nothing
