-- Of a bill alone the day of its honour is not known when it is posted: its steps maintain these two columns.
CREATE OR REPLACE FUNCTION guard_open_item() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    free text[] := ARRAY['open_minor', 'cleared_on'];
BEGIN
    IF OLD.kind = 'bill' THEN
        free := free || ARRAY['came_on', 'conditional'];
    END IF;
    IF (to_jsonb(NEW) - free) IS DISTINCT FROM (to_jsonb(OLD) - free) THEN
        RAISE EXCEPTION 'only the projections of an open item may change' USING ERRCODE = '23001';
    END IF;
    RETURN NEW;
END
$$;
DROP TRIGGER open_item_guard ON open_item;
CREATE TRIGGER open_item_guard BEFORE UPDATE OF id, tenant_id, customer_id, entry_id, kind, side, document_no,
    instalment_no, document_on, due_on, collection_end_on, discount_bps, discount_until_on, currency, amount_minor,
    reverses_id, reference, came_on, conditional, credit_reason, recorded_at ON open_item
    FOR EACH ROW EXECUTE FUNCTION guard_open_item();
