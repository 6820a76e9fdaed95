insert into timer (tenant_id, instance_id, seq, index, name, shard, fire_at, basis)
select tenant_id, instance_id, seq, index, name, shard, fire_at, basis
from
    unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::int[], $5::text[], $6::smallint[], $7::timestamptz[], $8::bigint[])
    as asked (tenant_id, instance_id, seq, index, name, shard, fire_at, basis)
