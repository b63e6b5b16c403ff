-- Spreads the tables of companies over the nodes of a Citus cluster, and copies the registry to all of them.
-- Run it as the owner on the coordinator after each `huikuan db migrate`; what is spread already is left alone:
--
--     psql -v ON_ERROR_STOP=1 -f infra/citus/distribute.sql "$DATABASE_OWNER_URL"

-- A foreign key would draw its table in as a local one; triggers of ours keep to their own company's rows.
SET citus.enable_local_reference_table_foreign_keys = off;
SET citus.enable_unsafe_triggers = on;
SET client_min_messages = warning;

DO $$
DECLARE
    waiting text[];
    next_table text;
    first_table text;
BEGIN
    FOREACH next_table IN ARRAY ARRAY['alembic_version', 'tenant', 'app_user', 'membership'] LOOP
        IF NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = next_table::regclass) THEN
            PERFORM create_reference_table(next_table);
        END IF;
    END LOOP;
    -- Any other table without a company belongs to the registry too.
    FOR next_table IN
        SELECT c.relname FROM pg_class AS c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
            AND NOT EXISTS (SELECT FROM pg_attribute AS a
                WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped)
            AND NOT EXISTS (SELECT FROM pg_dist_partition AS d WHERE d.logicalrelid = c.oid)
    LOOP
        PERFORM create_reference_table(next_table);
    END LOOP;
    SELECT min(d.logicalrelid::regclass::text) INTO first_table FROM pg_dist_partition AS d WHERE d.partmethod = 'h';
    LOOP
        -- Parents before children: a table whose keys all lead to what is spread already, or to itself.
        SELECT c.relname INTO next_table
        FROM pg_class AS c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
            AND NOT EXISTS (SELECT FROM pg_dist_partition AS d WHERE d.logicalrelid = c.oid)
            AND NOT EXISTS (
                SELECT FROM pg_constraint AS k
                WHERE k.conrelid = c.oid AND k.contype = 'f' AND k.confrelid <> c.oid
                    AND NOT EXISTS (SELECT FROM pg_dist_partition AS d WHERE d.logicalrelid = k.confrelid)
            )
        ORDER BY c.relname LIMIT 1;
        EXIT WHEN next_table IS NULL;
        IF first_table IS NULL THEN
            PERFORM create_distributed_table(next_table, 'tenant_id', colocate_with => 'none');
            first_table := next_table;
        ELSE
            PERFORM create_distributed_table(next_table, 'tenant_id', colocate_with => first_table);
        END IF;
    END LOOP;
    SELECT array_agg(c.relname ORDER BY c.relname) INTO waiting
    FROM pg_class AS c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
        AND NOT EXISTS (SELECT FROM pg_dist_partition AS d WHERE d.logicalrelid = c.oid);
    IF waiting IS NOT NULL THEN
        RAISE EXCEPTION 'these tables wait for each other and are not spread: %', waiting;
    END IF;
END
$$;
