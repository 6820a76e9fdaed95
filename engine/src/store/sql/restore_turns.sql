insert into history
select *
from jsonb_populate_recordset(null::history, $2::text::jsonb) as row
where row.tenant_id = $1
on conflict do nothing
