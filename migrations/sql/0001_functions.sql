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

-- Takes the secrets out of the links that open by themselves: `/p/…` of the portal, `/welcome/…` of an invitation.
CREATE FUNCTION without_links(body text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT regexp_replace(body, '(/(?:p|welcome)/)[A-Za-z0-9_.-]{20,}', '\1…', 'g')
$$;

-- A queued mail may be written anew. From `sending` on its words, papers and reader stay; what became of it is said
-- once, save by a person who settles a doubt. Then only secrets go: those in its links, or the whole text of a mail
-- without papers (a code), of which nobody is to read more than that it went.
CREATE FUNCTION guard_mail_message() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    fate constant text[] := ARRAY['state', 'reason', 'address_bad', 'sent_at'];
    body constant text[] := ARRAY['body_text', 'body_html'];
    old_row constant jsonb := to_jsonb(OLD);
    new_row constant jsonb := to_jsonb(NEW);
BEGIN
    IF OLD.state = 'queued' AND NEW.state = 'queued' THEN
        RETURN NEW;
    END IF;
    IF (new_row - fate - body) IS DISTINCT FROM (old_row - fate - body) THEN
        RAISE EXCEPTION 'a mail that is on its way or settled keeps its reader, subject and papers'
            USING ERRCODE = '23001';
    END IF;
    IF (new_row - body) IS DISTINCT FROM (old_row - body) AND OLD.state NOT IN ('queued', 'sending')
        AND NOT (OLD.state = 'unknown' AND NEW.state IN ('sent', 'failed')) THEN
        RAISE EXCEPTION 'what became of a mail is said once' USING ERRCODE = '23001';
    END IF;
    IF (NEW.body_text, NEW.body_html) IS DISTINCT FROM (OLD.body_text, OLD.body_html) AND (
        OLD.state IN ('queued', 'sending')
        OR NOT (
            (NEW.body_text = without_links(OLD.body_text)
                AND NEW.body_html IS NOT DISTINCT FROM without_links(OLD.body_html))
            OR (OLD.attachments = '[]' AND NEW.body_text = '(code removed)' AND NEW.body_html IS NULL)
        )
    ) THEN
        RAISE EXCEPTION 'the words of a mail stay; only its secrets are taken out, once it is settled'
            USING ERRCODE = '23001';
    END IF;
    RETURN NEW;
END
$$;

-- The columns named by the trigger's arguments are filled in once: no ended link opens again, no code is used twice.
CREATE FUNCTION keep_once_set() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    old_row constant jsonb := to_jsonb(OLD);
    new_row constant jsonb := to_jsonb(NEW);
    named text;
BEGIN
    FOREACH named IN ARRAY TG_ARGV LOOP
        IF old_row ->> named IS NOT NULL AND old_row -> named IS DISTINCT FROM new_row -> named THEN
            RAISE EXCEPTION '% of % is set once and never changed', named, TG_TABLE_NAME USING ERRCODE = '23001';
        END IF;
    END LOOP;
    RETURN NEW;
END
$$;
