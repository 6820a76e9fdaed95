select identity.kind, identity.value, identity.contact_id
from unnest($3::text[], $4::text[]) as named (kind, value)
join identity on identity.tenant_id = $1 and identity.channel_id = $2
    and identity.kind = named.kind and identity.value = named.value
