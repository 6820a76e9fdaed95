-- Takes the key, or takes it over from a request that expired. An unfinished one with the same content leaves the id it was
-- given, so that doing it again makes nothing twice.
insert into dedupe as held (tenant_id, scope, key, response, expires_at)
values ($1, $2, $3, $4, $5)
on conflict (tenant_id, scope, key) do update
set
    response = case
        when held.response ->> 'request' = excluded.response ->> 'request' and not held.response ? 'status'
            then held.response || jsonb_build_object('claim', excluded.response -> 'claim')
        else excluded.response
    end,
    expires_at = excluded.expires_at
where held.expires_at < $6
returning response
