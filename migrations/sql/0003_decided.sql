-- The belt behind the engine of approvals: whatever path it comes by, nothing counts as approved before every step of
-- its chain was approved, each by another person of the step's role and none of them the requester.
CREATE FUNCTION refuse_undecided() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    approved int;
BEGIN
    SELECT count(DISTINCT d.decided_by_id) INTO approved
    FROM approval_decision AS d
    WHERE d.tenant_id = NEW.tenant_id AND d.approval_id = NEW.id AND d.outcome = 'approved'
        AND d.role = NEW.chain -> d.step ->> 'role' AND d.decided_by_id IS DISTINCT FROM NEW.requested_by_id;
    IF approved < jsonb_array_length(NEW.chain) OR NEW.chain = '[]' THEN
        RAISE EXCEPTION 'approval % was not decided by all of its chain', NEW.number USING ERRCODE = '23514';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER approval_decided BEFORE INSERT OR UPDATE ON approval
    FOR EACH ROW WHEN (NEW.state = 'approved') EXECUTE FUNCTION refuse_undecided();

-- The lock of the books goes back only with the newest row of its history saying so and an approval behind that row.
CREATE FUNCTION refuse_silent_unlock() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM (
            SELECT * FROM period_lock WHERE tenant_id = NEW.tenant_id ORDER BY id DESC LIMIT 1
        ) AS p
        JOIN approval AS a ON a.tenant_id = NEW.tenant_id AND a.id = p.approval_id
        WHERE p.kind = 'unlock' AND p.before_on = OLD.locked_through
            AND p.through_on IS NOT DISTINCT FROM NEW.locked_through
            AND a.kind = 'unlock_period' AND a.state = 'approved'
    ) THEN
        RAISE EXCEPTION 'the books are unlocked by an approval only' USING ERRCODE = '23514';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER books_state_unlocked AFTER UPDATE ON books_state DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (
        OLD.locked_through IS NOT NULL
        AND (NEW.locked_through IS NULL OR NEW.locked_through < OLD.locked_through)
    ) EXECUTE FUNCTION refuse_silent_unlock();
CREATE TRIGGER document_draft_closed BEFORE UPDATE ON document_draft
    FOR EACH ROW WHEN (OLD.state <> 'draft') EXECUTE FUNCTION refuse_change();
