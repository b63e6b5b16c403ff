-- Sums of the ledger are kept by the statements that change it, so a page adds up days and not documents (ADR 0039).
-- A transaction adds to rows of a slot that no other one uses meanwhile: nobody waits, and no two can deadlock. The
-- lock decides only who adds where; the sum is right whoever adds. All functions keep to rows of the statement's company.
CREATE FUNCTION keep_item_sums() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    company uuid := (SELECT tenant_id FROM added LIMIT 1);
    own_slot int := 0;
    nobody constant uuid := '00000000-0000-0000-0000-000000000000';
BEGIN
    IF company IS NULL THEN
        RETURN NULL;
    END IF;
    -- The owners of these customers stay while their sums are added to, and until this is committed. It is the lock of
    -- a foreign key: it waits for nobody but who hands over one of them, not for edits of a customer, nor these for it.
    PERFORM FROM (SELECT DISTINCT tenant_id, customer_id FROM added ORDER BY 1, 2) AS a CROSS JOIN LATERAL (
        SELECT c.id FROM customer AS c WHERE c.tenant_id = a.tenant_id AND c.id = a.customer_id FOR KEY SHARE
    ) AS held;
    WHILE own_slot < 16 AND NOT pg_try_advisory_xact_lock(hashtextextended(company::text, own_slot)) LOOP
        own_slot := own_slot + 1;
    END LOOP;
    IF own_slot = 16 THEN
        own_slot := 16 + floor(random() * 30000)::int;
    END IF;
    IF TG_OP = 'INSERT' THEN
        INSERT INTO ledger_sum AS kept (tenant_id, measure, currency, day, owner_id, slot, items, minor)
        SELECT i.tenant_id, m.measure, i.currency, m.day, m.owner_id, own_slot, count(*), sum(i.open_minor)::bigint
        FROM added AS i CROSS JOIN LATERAL (
            SELECT coalesce((SELECT c.owner_id FROM customer AS c WHERE c.tenant_id = i.tenant_id
                AND c.id = i.customer_id), nobody) AS id OFFSET 0
        ) AS owner CROSS JOIN LATERAL (VALUES
            (CASE WHEN i.side > 0 THEN 'owed' ELSE 'credit' END, i.due_on, nobody),
            (CASE WHEN i.side > 0 THEN 'owned' END, i.due_on, owner.id),
            (CASE WHEN i.kind IN ('invoice', 'debit_note', 'opening') THEN 'doubtful' END,
                greatest(i.document_on + 60, i.collection_end_on), nobody)
        ) AS m (measure, day, owner_id)
        WHERE m.measure IS NOT NULL AND i.open_minor > 0
        GROUP BY i.tenant_id, m.measure, i.currency, m.day, m.owner_id ORDER BY 1, 2, 3, 4, 5
        ON CONFLICT (tenant_id, measure, currency, day, owner_id, slot)
            DO UPDATE SET items = kept.items + excluded.items, minor = kept.minor + excluded.minor;
    ELSE
        INSERT INTO ledger_sum AS kept (tenant_id, measure, currency, day, owner_id, slot, items, minor)
        SELECT i.tenant_id, m.measure, i.currency, m.day, m.owner_id, own_slot, sum(i.items), sum(i.minor)::bigint
        FROM (
            SELECT tenant_id, customer_id, currency, side, kind, due_on, document_on, collection_end_on,
                CASE WHEN open_minor > 0 THEN 1 ELSE 0 END AS items, open_minor AS minor FROM added
            UNION ALL
            SELECT tenant_id, customer_id, currency, side, kind, due_on, document_on, collection_end_on,
                CASE WHEN open_minor > 0 THEN -1 ELSE 0 END, -open_minor FROM removed
        ) AS i CROSS JOIN LATERAL (
            SELECT coalesce((SELECT c.owner_id FROM customer AS c WHERE c.tenant_id = i.tenant_id
                AND c.id = i.customer_id), nobody) AS id OFFSET 0
        ) AS owner CROSS JOIN LATERAL (VALUES
            (CASE WHEN i.side > 0 THEN 'owed' ELSE 'credit' END, i.due_on, nobody),
            (CASE WHEN i.side > 0 THEN 'owned' END, i.due_on, owner.id),
            (CASE WHEN i.kind IN ('invoice', 'debit_note', 'opening') THEN 'doubtful' END,
                greatest(i.document_on + 60, i.collection_end_on), nobody)
        ) AS m (measure, day, owner_id)
        WHERE m.measure IS NOT NULL
        GROUP BY i.tenant_id, m.measure, i.currency, m.day, m.owner_id
        HAVING sum(i.items) <> 0 OR sum(i.minor) <> 0 ORDER BY 1, 2, 3, 4, 5
        ON CONFLICT (tenant_id, measure, currency, day, owner_id, slot)
            DO UPDATE SET items = kept.items + excluded.items, minor = kept.minor + excluded.minor;
    END IF;
    RETURN NULL;
END
$$;
CREATE FUNCTION keep_posting_sums() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    company uuid := (SELECT tenant_id FROM added WHERE account_code = 'receivables' LIMIT 1);
    own_slot int := 0;
    nobody constant uuid := '00000000-0000-0000-0000-000000000000';
BEGIN
    IF company IS NULL THEN
        RETURN NULL;
    END IF;
    WHILE own_slot < 16 AND NOT pg_try_advisory_xact_lock(hashtextextended(company::text, own_slot)) LOOP
        own_slot := own_slot + 1;
    END LOOP;
    IF own_slot = 16 THEN
        own_slot := 16 + floor(random() * 30000)::int;
    END IF;
    INSERT INTO ledger_sum AS kept (tenant_id, measure, currency, day, owner_id, slot, items, minor)
    SELECT p.tenant_id, 'posted', p.currency, e.effective_on, nobody, own_slot, count(*),
        sum(p.debit_minor - p.credit_minor)::bigint
    FROM added AS p CROSS JOIN LATERAL (
        SELECT effective_on FROM entry WHERE entry.tenant_id = p.tenant_id AND entry.id = p.entry_id OFFSET 0
    ) AS e
    WHERE p.account_code = 'receivables'
    GROUP BY p.tenant_id, p.currency, e.effective_on ORDER BY 1, 3, 4
    ON CONFLICT (tenant_id, measure, currency, day, owner_id, slot)
        DO UPDATE SET items = kept.items + excluded.items, minor = kept.minor + excluded.minor;
    RETURN NULL;
END
$$;
-- Customers handed over take what they owe with them.
CREATE FUNCTION keep_owner_sums() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    company uuid := (SELECT n.tenant_id FROM added AS n JOIN removed AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
        WHERE o.owner_id IS DISTINCT FROM n.owner_id LIMIT 1);
    own_slot int := 0;
    nobody constant uuid := '00000000-0000-0000-0000-000000000000';
BEGIN
    IF company IS NULL THEN
        RETURN NULL;
    END IF;
    -- Who posts for one of them meanwhile is waited for: they have read the owner before. Nobody else waits.
    PERFORM FROM (
        SELECT n.tenant_id, n.id FROM added AS n JOIN removed AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
        WHERE o.owner_id IS DISTINCT FROM n.owner_id ORDER BY 1, 2
    ) AS h CROSS JOIN LATERAL (
        SELECT c.id FROM customer AS c WHERE c.tenant_id = h.tenant_id AND c.id = h.id FOR UPDATE
    ) AS held;
    WHILE own_slot < 16 AND NOT pg_try_advisory_xact_lock(hashtextextended(company::text, own_slot)) LOOP
        own_slot := own_slot + 1;
    END LOOP;
    IF own_slot = 16 THEN
        own_slot := 16 + floor(random() * 30000)::int;
    END IF;
    INSERT INTO ledger_sum AS kept (tenant_id, measure, currency, day, owner_id, slot, items, minor)
    SELECT i.tenant_id, 'owned', i.currency, i.due_on, coalesce(w.owner_id, nobody), own_slot, sum(w.sign),
        sum(w.sign * i.open_minor)::bigint
    FROM (
        SELECT n.tenant_id, n.id, s.owner_id, s.sign
        FROM added AS n JOIN removed AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
        CROSS JOIN LATERAL (VALUES (n.owner_id, 1), (o.owner_id, -1)) AS s (owner_id, sign)
        WHERE o.owner_id IS DISTINCT FROM n.owner_id
    ) AS w CROSS JOIN LATERAL (
        SELECT open_item.tenant_id, currency, due_on, open_minor FROM open_item
        WHERE open_item.tenant_id = w.tenant_id AND customer_id = w.id AND side > 0 AND open_minor > 0 OFFSET 0
    ) AS i
    GROUP BY i.tenant_id, i.currency, i.due_on, coalesce(w.owner_id, nobody) ORDER BY 1, 3, 4, 5
    ON CONFLICT (tenant_id, measure, currency, day, owner_id, slot)
        DO UPDATE SET items = kept.items + excluded.items, minor = kept.minor + excluded.minor;
    RETURN NULL;
END
$$;
CREATE TRIGGER open_item_summed AFTER INSERT ON open_item
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION keep_item_sums();
CREATE TRIGGER open_item_summed_again AFTER UPDATE ON open_item
    REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION keep_item_sums();
CREATE TRIGGER posting_summed AFTER INSERT ON posting
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION keep_posting_sums();
CREATE TRIGGER customer_handed_over AFTER UPDATE ON customer
    REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION keep_owner_sums();
