delete from process
where id = $1
