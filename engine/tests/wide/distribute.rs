//! Distributing, against functions that stand in for Citus: they have its names and parameters, keep its catalog, and refuse
//! what it refuses. (Citus itself is in no package registry that these tests may use.)

use crate::support::Db;
use engine::distribute::{self, How};

const CITUS: &str = "
create table pg_dist_partition (logicalrelid regclass primary key, partmethod text, colocated_with text);

create function create_distributed_table(
    table_name regclass, distribution_column text, colocate_with text default 'default', shard_count int default null
) returns void language plpgsql as $$
begin
    if exists (select from pg_class where oid = table_name and relispartition) then
        raise 'partitions are distributed with their parent';
    end if;
    if exists (
        select from pg_index
        where indrelid = table_name and (indisunique or indisexclusion) and not exists (
            select from pg_attribute
            where attrelid = table_name and attname = distribution_column and attnum = any(indkey::int2[])
        )
    ) then
        raise 'creating unique indexes on non-partition columns is currently unsupported';
    end if;
    if colocate_with not in ('none', 'default') and not exists (
        select from pg_dist_partition where logicalrelid = colocate_with::regclass and partmethod = 'h'
    ) then
        raise 'cannot colocate with % which is not distributed', colocate_with;
    end if;
    insert into pg_dist_partition values (table_name, 'h', colocate_with);
end $$;

create function create_reference_table(table_name regclass) returns void language sql as
$$ insert into pg_dist_partition values (table_name, 'n', null) $$;";

#[tokio::test]
async fn every_table_gets_its_place_once() {
    let db = Db::make().await;
    let plan = distribute::plan(&db.pool, 32).await.unwrap();
    assert_eq!((plan.has_citus, plan.problems.as_slice()), (false, [].as_slice()));
    let refused = distribute::apply(&db.pool, &plan, |_| {}).await.unwrap_err().to_string();
    assert!(refused.contains("no Citus extension"), "{refused}");

    sqlx::raw_sql(CITUS).execute(&db.pool).await.unwrap();
    // Citus keeps its catalog among the system's tables, not among ours.
    sqlx::raw_sql("create schema citus; alter table pg_dist_partition set schema citus")
        .execute(&db.pool)
        .await
        .unwrap();
    sqlx::raw_sql("do $$ begin execute format('alter database %I set search_path = public, citus', current_database()); end $$")
        .execute(&db.pool)
        .await
        .unwrap();
    let pool = engine::connect_with((*db.pool.connect_options()).clone(), 2).await.unwrap();
    let plan = distribute::plan(&pool, 32).await.unwrap();
    assert!(plan.has_citus);
    let mut told = Vec::new();
    distribute::apply(&pool, &plan, |placed| told.push(placed.table.clone())).await.unwrap();
    assert_eq!(told[0], "instance", "the others are told to live with it");
    check(&pool, "h", "instance", "none").await;
    for table in ["history", "inbox", "step", "timer", "message", "tenant"] {
        check(&pool, "h", table, "instance").await;
    }
    let statements = plan.tables.iter().filter(|placed| placed.how == How::Reference);
    let reference: Vec<&str> = statements.map(|placed| placed.table.as_str()).collect();
    assert_eq!(reference, ["api_key", "channel"]);
    assert!(
        !told.iter().any(|table| table == "shard" || table.starts_with("history_")),
        "{told:?}"
    );

    // A second run has nothing to do.
    let again = distribute::plan(&pool, 32).await.unwrap();
    assert!(again.tables.iter().all(|placed| placed.statement.is_none()), "{again:?}");
    pool.close().await;
    db.drop().await;
}

async fn check(pool: &sqlx::PgPool, method: &str, table: &str, colocated_with: &str) {
    let found: (String, String) = sqlx::query_as(
        "select partmethod, colocated_with from pg_dist_partition where logicalrelid = $1::text::regclass",
    )
    .bind(table)
    .fetch_one(pool)
    .await
    .unwrap();
    assert_eq!(found, (method.to_owned(), colocated_with.to_owned()), "{table}");
}

#[tokio::test]
async fn what_cannot_be_placed_is_named() {
    let cases = [
        ("create table stray (id int primary key)", "table stray has no tenant_id"),
        (
            "create table loose (tenant_id uuid, id int primary key)",
            "table loose: Citus cannot keep loose_pkey unique",
        ),
        (
            "create table hinting (tenant_id uuid, id int, primary key (tenant_id, id), shard smallint references shard)",
            "table hinting: the foreign key hinting_shard_fkey has no tenant_id",
        ),
    ];
    let db = Db::make().await;
    for (statement, wanted) in cases {
        sqlx::raw_sql(statement).execute(&db.pool).await.unwrap();
        let plan = distribute::plan(&db.pool, 32).await.unwrap();
        assert!(plan.problems.iter().any(|told| told.contains(wanted)), "{:?}", plan.problems);
        assert!(distribute::apply(&db.pool, &plan, |_| {}).await.is_err());
    }
    db.drop().await;
}
