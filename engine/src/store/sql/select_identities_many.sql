select identity.channel_id, identity.kind, identity.value, identity.contact_id
from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[]) as named (tenant_id, channel_id, kind, value)
join identity on identity.tenant_id = named.tenant_id and identity.channel_id = named.channel_id
    and identity.kind = named.kind and identity.value = named.value
