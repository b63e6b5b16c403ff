-- What left is what was decided on: of a shipped note only its state, its number when an import is undone, and the
-- invoice that goes with it are written later.
CREATE FUNCTION guard_delivery() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    free constant text[] := ARRAY['state', 'number', 'invoice_no', 'invoice_on'];
BEGIN
    IF (to_jsonb(NEW) - free) IS DISTINCT FROM (to_jsonb(OLD) - free) THEN
        RAISE EXCEPTION 'a shipped delivery is not changed' USING ERRCODE = '23001';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER delivery_shipped BEFORE UPDATE ON delivery
    FOR EACH ROW WHEN (OLD.shipped_on IS NOT NULL) EXECUTE FUNCTION guard_delivery();
-- What four people signed stays: an assessment in force is superseded by another, and printed once.
CREATE FUNCTION guard_assessment() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    free constant text[] := ARRAY['state', 'print_sha256'];
BEGIN
    IF (to_jsonb(NEW) - free) IS DISTINCT FROM (to_jsonb(OLD) - free)
        OR NEW.state NOT IN ('approved', 'superseded')
        OR (OLD.print_sha256 IS NOT NULL AND NEW.print_sha256 IS DISTINCT FROM OLD.print_sha256) THEN
        RAISE EXCEPTION 'an approved assessment is not changed' USING ERRCODE = '23001';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER assessment_approved BEFORE UPDATE ON assessment
    FOR EACH ROW WHEN (OLD.state IN ('approved', 'superseded')) EXECUTE FUNCTION guard_assessment();
-- The figures on which a review was signed stay with it.
CREATE FUNCTION guard_review_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM review_campaign AS c
        WHERE c.tenant_id = NEW.tenant_id AND c.id = NEW.campaign_id AND c.state IN ('signed', 'cancelled')
    ) THEN
        RAISE EXCEPTION 'the lines of a signed review stay' USING ERRCODE = '23001';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER review_line_signed BEFORE UPDATE ON review_line
    FOR EACH ROW EXECUTE FUNCTION guard_review_line();
