-- Whether a letter or task still claims something is kept by the statements that settle or reopen items (ADR 0048).
-- A payment waits for nobody who works on the case: an action that is locked meanwhile goes on saying that it claims,
-- until the next run withdraws it. The other error, a claim that is hidden, must not be: who reopens an item waits.
CREATE FUNCTION keep_claims_of_items() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    company uuid;
    settled uuid[];
    reopened uuid[];
    touched uuid[];
BEGIN
    SELECT (array_agg(n.tenant_id))[1], array_agg(n.id) FILTER (WHERE n.open_minor = 0),
        array_agg(n.id) FILTER (WHERE n.open_minor > 0)
    INTO company, settled, reopened
    FROM added AS n JOIN removed AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
    WHERE (n.open_minor > 0) <> (o.open_minor > 0);
    IF settled IS NOT NULL THEN
        touched := ARRAY(
            SELECT s.action_id FROM unnest(settled) AS i (id) CROSS JOIN LATERAL (
                SELECT action_id FROM step WHERE step.tenant_id = company AND step.item_id = i.id
                    AND step.state IN ('proposed', 'failed', 'unknown') OFFSET 0
            ) AS s
        );
        IF cardinality(touched) > 0 THEN
            touched := ARRAY(
                SELECT a.id FROM action AS a WHERE a.tenant_id = company AND a.id = ANY (touched) AND a.claims
                ORDER BY a.id FOR NO KEY UPDATE SKIP LOCKED
            );
            UPDATE action SET claims = false
            WHERE tenant_id = company AND id = ANY (touched) AND NOT EXISTS (
                SELECT FROM step AS s CROSS JOIN LATERAL (
                    SELECT FROM open_item AS i
                    WHERE i.tenant_id = company AND i.id = s.item_id AND i.open_minor > 0 OFFSET 0
                ) AS still_open
                WHERE s.tenant_id = company AND s.action_id = action.id
                    AND s.state IN ('proposed', 'failed', 'unknown')
            );
        END IF;
    END IF;
    IF reopened IS NOT NULL THEN
        touched := ARRAY(
            SELECT s.action_id FROM unnest(reopened) AS i (id) CROSS JOIN LATERAL (
                SELECT action_id FROM step WHERE step.tenant_id = company AND step.item_id = i.id
                    AND step.state IN ('proposed', 'failed', 'unknown') OFFSET 0
            ) AS s
        );
        IF cardinality(touched) > 0 THEN
            touched := ARRAY(
                SELECT a.id FROM action AS a WHERE a.tenant_id = company AND a.id = ANY (touched)
                ORDER BY a.id FOR NO KEY UPDATE
            );
            UPDATE action SET claims = true WHERE tenant_id = company AND id = ANY (touched) AND NOT claims;
        END IF;
    END IF;
    RETURN NULL;
END
$$;
CREATE FUNCTION keep_claims_of_steps() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    company uuid := (SELECT tenant_id FROM added LIMIT 1);
    touched uuid[];
BEGIN
    IF company IS NULL THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'INSERT' THEN
        touched := ARRAY(SELECT DISTINCT action_id FROM added);
    ELSE
        touched := ARRAY(
            SELECT DISTINCT w.id FROM added AS n JOIN removed AS o ON o.tenant_id = n.tenant_id AND o.id = n.id
            CROSS JOIN LATERAL (VALUES (n.action_id), (o.action_id)) AS w (id)
            WHERE n.action_id <> o.action_id OR n.state <> o.state
        );
    END IF;
    UPDATE action SET claims = NOT action.claims
    WHERE tenant_id = company AND id = ANY (touched) AND claims <> (
        NOT EXISTS (SELECT FROM step AS s WHERE s.tenant_id = company AND s.action_id = action.id)
        OR EXISTS (
            SELECT FROM step AS s CROSS JOIN LATERAL (
                SELECT FROM open_item AS i
                WHERE i.tenant_id = company AND i.id = s.item_id AND i.open_minor > 0 OFFSET 0
            ) AS still_open
            WHERE s.tenant_id = company AND s.action_id = action.id
                AND s.state IN ('proposed', 'failed', 'unknown')
        )
    );
    RETURN NULL;
END
$$;
CREATE TRIGGER open_item_claimed AFTER UPDATE ON open_item
    REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION keep_claims_of_items();
CREATE TRIGGER step_claims AFTER INSERT ON step
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION keep_claims_of_steps();
CREATE TRIGGER step_claims_again AFTER UPDATE ON step
    REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION keep_claims_of_steps();
