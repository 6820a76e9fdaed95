insert into contact (tenant_id, id, name, phone)
values ($1, $2, $3, $4)
