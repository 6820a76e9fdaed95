-- A row of the inbox is looked for by its key along the key. Beside a snapshot that somebody holds, the inbox is empty and its indexes are
-- full of what was deleted; Postgres counts on no row, takes each index for one page, and of two the newer one: it went through all
-- of this one, which has the id in second place. The condition is always true, and is implied only where the shard is asked for.
-- Processes of the release before sort what is in the inbox, once a second, until they are gone.
set local lock_timeout = '5s';
drop index inbox_shard;
create index inbox_of_shard on inbox (shard, id) where shard is not null;
