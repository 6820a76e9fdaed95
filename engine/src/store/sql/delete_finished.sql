-- Only as they were when they were written to their file. What is left of history follows in the same transaction.
delete from instance
using unnest($2::uuid[], $3::bigint[]) as finished (id, seq)
where
    instance.tenant_id = $1
    and instance.id = finished.id
    and instance.seq = finished.seq
    and not instance.live
returning instance.id
