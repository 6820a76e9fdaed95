-- Our messages that providers speak of, in the order of their ids; `n` says which of those asked for each is, from 1.
select told.n, message.id, message.status, message.instance_id, message.conversation_id, message.step_key
from unnest($1::uuid[], $2::uuid[], $3::text[]) with ordinality as told (tenant_id, channel_id, provider_id, n)
join message
    on message.tenant_id = told.tenant_id
    and message.channel_id = told.channel_id
    and message.direction = 'out'
    and message.provider_id = told.provider_id
order by message.id
for update of message
