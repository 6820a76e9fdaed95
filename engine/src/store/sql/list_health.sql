-- No tenant: every process looks at all that are not well, which are few, page by page.
select tenant_id, subject, state, version, code, message, since
from health
where (tenant_id, subject) > ($1, $2)
order by tenant_id, subject
limit $3
