-- What people or a CRM wrote stands; a row that learns nothing is not written.
update contact
set name = coalesce(name, $3::text), phone = coalesce(phone, $4::text)
where
    tenant_id = $1
    and id = $2
    and ((name is null and $3::text is not null) or (phone is null and $4::text is not null))
