-- An edition and what gives a number free are written once, as all else of a document.
DROP TRIGGER open_item_guard ON open_item;
CREATE TRIGGER open_item_guard BEFORE UPDATE OF id, tenant_id, customer_id, entry_id, kind, side, document_no,
    edition, instalment_no, document_on, due_on, collection_end_on, discount_bps, discount_until_on, currency,
    amount_minor, reverses_id, frees_number, reference, came_on, conditional, credit_reason, recorded_at ON open_item
    FOR EACH ROW EXECUTE FUNCTION guard_open_item();
