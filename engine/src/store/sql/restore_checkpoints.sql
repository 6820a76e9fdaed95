insert into checkpoint
select *
from jsonb_populate_recordset(null::checkpoint, $2::text::jsonb) as row
where row.tenant_id = $1
on conflict do nothing
