-- A transaction enters its tenant by this one function, in a statement of its own, once. SET LOCAL inside a
-- function takes a bind value, lives as long as the transaction, and reaches the shards of a Citus cluster.
CREATE FUNCTION enter_tenant(wanted uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    present text := nullif(current_setting('app.tenant_id', true), '');
BEGIN
    IF present IS NOT NULL AND present <> wanted::text THEN
        RAISE EXCEPTION 'this transaction belongs to another tenant' USING ERRCODE = '42501';
    END IF;
    SET LOCAL citus.propagate_set_commands = 'local';
    EXECUTE format('SET LOCAL app.tenant_id = %L', wanted);
END
$$;

-- Debits equal credits per currency, checked at COMMIT. No visible row is as bad as an unequal sum: with the
-- tenant unset before COMMIT, row-level security would hide the rows and NULL = NULL would pass. Legs are written
-- by one statement; one that another transaction adds later shows by its xmin, and is refused.
CREATE FUNCTION check_entry_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    refused boolean;
BEGIN
    SELECT count(*) = 0 OR bool_or(debit IS DISTINCT FROM credit) OR min(first) <> max(last) INTO refused
    FROM (
        SELECT sum(debit_minor) AS debit, sum(credit_minor) AS credit,
               min(xmin::text::bigint) AS first, max(xmin::text::bigint) AS last
        FROM posting WHERE tenant_id = NEW.tenant_id AND entry_id = NEW.entry_id GROUP BY currency
    ) AS by_currency;
    IF refused THEN
        RAISE EXCEPTION 'entry % does not balance, or grew after it was booked', NEW.entry_id
            USING ERRCODE = '23514';
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION check_entry_has_postings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM posting WHERE tenant_id = NEW.tenant_id AND entry_id = NEW.id) THEN
        RAISE EXCEPTION 'entry % has no postings', NEW.id USING ERRCODE = '23514';
    END IF;
    RETURN NULL;
END
$$;

-- The second lock behind the missing grants: also the owner cannot rewrite what was booked or evidenced.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of this table are never changed or deleted' USING ERRCODE = '23001';
END
$$;

CREATE FUNCTION guard_open_item() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (to_jsonb(NEW) - 'open_minor' - 'cleared_on') IS DISTINCT FROM (to_jsonb(OLD) - 'open_minor' - 'cleared_on') THEN
        RAISE EXCEPTION 'only open_minor and cleared_on of an open item may change' USING ERRCODE = '23001';
    END IF;
    RETURN NEW;
END
$$;

CREATE FUNCTION guard_journal_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.sealed_in IS NOT NULL
        OR (to_jsonb(NEW) - 'sealed_in') IS DISTINCT FROM (to_jsonb(OLD) - 'sealed_in') THEN
        RAISE EXCEPTION 'a journal event is sealed once and never changed' USING ERRCODE = '23001';
    END IF;
    RETURN NEW;
END
$$;
