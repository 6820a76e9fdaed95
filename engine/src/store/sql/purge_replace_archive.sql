-- The old file keeps its row until it is gone from the disk; what it holds besides the purged ones is in the new one.
with
old as (
    update archive
    set status = 'replaced'
    where tenant_id = $1 and id = $2
    returning status
),
new as (
    insert into archive (
        tenant_id, id, file, status, instances, turns, bytes, sha256, first_at, last_at, made_at
    )
    select $1, $4, $5, 'written', $6, $7, $8, $9, $10, $11, $12
    from old
    where $6::int + $7::bigint > 0
),
forgotten as (
    delete from archived
    where tenant_id = $1 and archive_id = $2 and instance_id = any($3)
)
update archived
set archive_id = $4
where tenant_id = $1 and archive_id = $2 and not instance_id = any($3)
