-- The belt behind the command's own check: whatever path a dated row comes by, it is not dated in a locked period.
CREATE FUNCTION refuse_locked_period() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    locked date;
BEGIN
    SELECT locked_through INTO locked FROM books_state WHERE tenant_id = NEW.tenant_id;
    IF NEW.effective_on <= locked THEN
        RAISE EXCEPTION 'the books are locked through %', locked USING ERRCODE = '23514';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER entry_open_period BEFORE INSERT ON entry FOR EACH ROW EXECUTE FUNCTION refuse_locked_period();
CREATE TRIGGER allocation_open_period BEFORE INSERT ON allocation FOR EACH ROW EXECUTE FUNCTION refuse_locked_period();
DROP TRIGGER open_item_guard ON open_item;
CREATE TRIGGER open_item_guard BEFORE UPDATE OF id, tenant_id, customer_id, entry_id, kind, side, document_no,
    instalment_no, document_on, due_on, collection_end_on, discount_bps, discount_until_on, currency, amount_minor,
    reverses_id, reference, recorded_at ON open_item
    FOR EACH ROW EXECUTE FUNCTION guard_open_item();
