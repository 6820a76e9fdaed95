-- A token that was not used after all.
update pacing
set next_at = next_at - $3::bigint * interval '1 microsecond'
where tenant_id = $1 and key = $2
