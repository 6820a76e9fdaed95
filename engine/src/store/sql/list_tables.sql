-- Every table of the schema, partitions under their parent's name, with what decides where its rows may live.
select
    quote_ident(relation.relname) as name,
    exists (
        select from pg_attribute
        where attrelid = relation.oid and attname = 'tenant_id' and not attisdropped
    ) as has_tenant,
    array(
        select keyed.relname::text
        from pg_index
        join pg_class as keyed on keyed.oid = pg_index.indexrelid
        where pg_index.indrelid = relation.oid and (pg_index.indisunique or pg_index.indisexclusion)
            and not exists (
                select from pg_attribute
                where attrelid = relation.oid and attname = 'tenant_id' and attnum = any(pg_index.indkey::smallint[])
            )
        order by 1
    ) as keys_without_tenant,
    array(
        select conname::text
        from pg_constraint
        where conrelid = relation.oid and contype = 'f'
            and not exists (
                select from pg_attribute
                where attrelid = relation.oid and attname = 'tenant_id' and attnum = any(pg_constraint.conkey)
            )
        order by 1
    ) as references_without_tenant
from pg_class as relation
where relation.relnamespace = current_schema()::regnamespace and relation.relkind in ('r', 'p')
    and not relation.relispartition
order by relation.relname
