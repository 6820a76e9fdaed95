with gone as (
    delete from schedule_tick where tenant_id = $1 and schedule_id = $2
)
delete from schedule where tenant_id = $1 and id = $2
