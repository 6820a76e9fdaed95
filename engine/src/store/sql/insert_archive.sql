with made as (
    insert into archive (
        tenant_id, id, file, status, instances, turns, bytes, sha256, first_at, last_at, made_at
    )
    values ($1, $2, $3, case when $4::int > 0 then 'written' else 'settled' end, $4, $5, $6, $7, $8, $9, $10)
)
insert into archived (
    tenant_id, instance_id, archive_id, definition, conversation_id, first_seq, last_seq, is_over
)
select $1, instance_id, $2, definition, conversation_id, first_seq, last_seq, is_over
from unnest($11::uuid[], $12::text[], $13::uuid[], $14::bigint[], $15::bigint[], $16::bool[])
    as entry (instance_id, definition, conversation_id, first_seq, last_seq, is_over)
