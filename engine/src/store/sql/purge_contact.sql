-- Last of all, in one statement: before it, the contact can be found and the purge be gone on with.
with
identities as (
    delete from identity
    where tenant_id = $1 and contact_id = $2
),
consents as (
    delete from consent
    where tenant_id = $1 and contact_id = $2
),
conversations as (
    update conversation
    set foreground_id = null, suspended = '{}'
    where tenant_id = $1 and contact_id = $2
)
delete from contact
where tenant_id = $1 and id = $2
