-- Each name by the key: without statistics, the whole channel would be read for one person. No arrays: Postgres takes an unknown
-- one for ten names, and would plan anew for each message, which takes longer than the look.
select named.kind, named.value, identity.contact_id
from (values ('phone', $3::text), ('user_id', $4::text)) as named (kind, value)
cross join lateral (
    select identity.contact_id
    from identity
    where
        identity.tenant_id = $1 and identity.channel_id = $2
        and identity.kind = named.kind and identity.value = named.value
    limit 1
) as identity
