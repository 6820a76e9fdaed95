-- Ids are given in the order of the arrays: it is the order in which they are routed.
insert into message (tenant_id, channel_id, direction, provider_id, body, status, at, received_at)
select tenant_id, channel_id, direction, provider_id, body, status, at, $8
from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::jsonb[], $6::text[], $7::timestamptz[])
    with ordinality as arrived (tenant_id, channel_id, direction, provider_id, body, status, at, n)
order by n
on conflict (tenant_id, channel_id, direction, provider_id) do nothing
returning channel_id, direction, provider_id
