-- Turns of a few instances, in order, a page at a time; of one month, or of all. Of each instance at most a page is read, by its
-- key, however long its history is.
select wanted.instance_id, turn.seq, turn.at, turn.row
from unnest($2::uuid[]) as wanted (instance_id)
cross join lateral (
    select history.seq, history.at, to_jsonb(history)::text as row
    from history
    where
        history.tenant_id = $1
        and history.instance_id = wanted.instance_id
        and history.seq > case when wanted.instance_id = $3 then $4 else 0 end
        and history.at >= $5
        and history.at < $6
    order by history.seq
    limit $7
) as turn
where wanted.instance_id >= $3
order by wanted.instance_id, turn.seq
limit $7
