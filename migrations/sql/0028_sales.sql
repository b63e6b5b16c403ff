-- A sealed contract never changes (R093): only its end, and where its copies are kept, are written later.
CREATE FUNCTION guard_contract() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    free constant text[] := ARRAY['state', 'ended_at', 'ended_by', 'ended_reason'];
BEGIN
    IF (to_jsonb(NEW) - free) IS DISTINCT FROM (to_jsonb(OLD) - free) OR NEW.state NOT IN ('sealed', 'ended') THEN
        RAISE EXCEPTION 'a sealed contract is not changed: write a supplement or a new contract' USING ERRCODE = '23001';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER contract_sealed BEFORE UPDATE ON contract
    FOR EACH ROW WHEN (OLD.state IN ('sealed', 'ended')) EXECUTE FUNCTION guard_contract();
CREATE FUNCTION guard_contract_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM contract AS c
        WHERE c.tenant_id = NEW.tenant_id AND c.id = NEW.contract_id AND c.state IN ('sealed', 'ended')
    ) THEN
        RAISE EXCEPTION 'a sealed contract is not changed: write a supplement or a new contract' USING ERRCODE = '23001';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER contract_line_sealed BEFORE INSERT OR UPDATE ON contract_line
    FOR EACH ROW EXECUTE FUNCTION guard_contract_line();
-- What was shipped is shipped: the lines of a note stay from then on.
CREATE FUNCTION guard_delivery_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM delivery AS d
        WHERE d.tenant_id = NEW.tenant_id AND d.id = NEW.delivery_id
            AND d.state NOT IN ('planned', 'picked', 'cancelled')
    ) THEN
        RAISE EXCEPTION 'the lines of a shipped delivery stay' USING ERRCODE = '23001';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER delivery_line_shipped BEFORE UPDATE ON delivery_line
    FOR EACH ROW EXECUTE FUNCTION guard_delivery_line();
CREATE TRIGGER delivery_once BEFORE UPDATE ON delivery
    FOR EACH ROW EXECUTE FUNCTION keep_once_set('shipped_on', 'shipped_at');
CREATE TRIGGER contract_line_kept BEFORE DELETE ON contract_line FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER sales_order_line_kept BEFORE DELETE ON sales_order_line FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER delivery_line_kept BEFORE DELETE ON delivery_line FOR EACH ROW EXECUTE FUNCTION refuse_change();
