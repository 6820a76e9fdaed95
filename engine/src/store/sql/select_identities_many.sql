-- Each name by the key: without statistics, the whole channel would be read for one page.
select named.channel_id, named.kind, named.value, identity.contact_id
from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[]) as named (tenant_id, channel_id, kind, value)
cross join lateral (
    select identity.contact_id
    from identity
    where
        identity.tenant_id = named.tenant_id and identity.channel_id = named.channel_id
        and identity.kind = named.kind and identity.value = named.value
    limit 1
) as identity
