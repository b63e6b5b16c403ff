-- Roles are of the whole cluster, so another database may have made them already; CREATE waits for its twin and
-- then finds the role there. huikuan_app owns nothing and cannot pass row-level security. huikuan_dispatch reads
-- which tenants have outbox rows due, and nothing else.
DO $$
DECLARE
    wanted text;
    version constant int := current_setting('server_version_num')::int;
BEGIN
    IF to_regrole('huikuan_app') IS NULL THEN
        BEGIN
            CREATE ROLE huikuan_app NOLOGIN NOSUPERUSER NOBYPASSRLS NOINHERIT;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
        END;
    END IF;
    IF to_regrole('huikuan_dispatch') IS NULL THEN
        BEGIN
            CREATE ROLE huikuan_dispatch NOLOGIN NOSUPERUSER NOBYPASSRLS NOINHERIT;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
        END;
    END IF;
    -- Whoever migrates may step down to either. A server on which an administrator made the roles has done this.
    -- From PostgreSQL 16 on a creator is a member that may not yet become the role, so membership alone says nothing.
    FOREACH wanted IN ARRAY ARRAY['huikuan_app', 'huikuan_dispatch'] LOOP
        IF NOT pg_has_role(current_user, wanted, CASE WHEN version >= 160000 THEN 'SET' ELSE 'MEMBER' END) THEN
            EXECUTE format('GRANT %I TO %I', wanted, current_user);
        END IF;
    END LOOP;
    BEGIN
        GRANT huikuan_dispatch TO huikuan_app;
    EXCEPTION WHEN insufficient_privilege OR unique_violation THEN NULL;
    END;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE EXCEPTION 'the migrating role % may not create or grant the roles huikuan_app and huikuan_dispatch', current_user
        USING HINT = 'Give it CREATEROLE, or let an administrator run migrations/sql/0001_roles.sql once.';
END
$$;
