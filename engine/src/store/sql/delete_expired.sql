delete from dedupe
where expires_at < $1
