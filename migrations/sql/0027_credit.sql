-- Two regular limits of a customer never overlap: the command closes the older one first, under the customer's lock, and
-- this is the belt. A limit's end is only ever brought forward. No EXCLUDE: it does not spread over nodes.
CREATE FUNCTION guard_credit_limit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.valid_to IS NULL OR NEW.valid_to > COALESCE(OLD.valid_to, 'infinity'::date)) THEN
        RAISE EXCEPTION 'the end of a credit limit is only brought forward' USING ERRCODE = '23001';
    END IF;
    IF NEW.kind = 'regular' AND (NEW.valid_to IS NULL OR NEW.valid_to >= NEW.valid_from) AND EXISTS (
        SELECT FROM credit_limit AS other
        WHERE other.tenant_id = NEW.tenant_id AND other.customer_id = NEW.customer_id AND other.kind = 'regular'
            AND other.id <> NEW.id
            AND (other.valid_to IS NULL OR other.valid_to >= other.valid_from)
            AND other.valid_from <= COALESCE(NEW.valid_to, 'infinity'::date)
            AND COALESCE(other.valid_to, 'infinity'::date) >= NEW.valid_from
    ) THEN
        RAISE EXCEPTION 'two credit limits of one customer overlap' USING ERRCODE = '23P01';
    END IF;
    -- Nobody grants credit alone: above zero there is an approval, or the limit stood before this product, or it is less
    -- than what was granted before.
    IF TG_OP = 'INSERT' AND NEW.approval_id IS NULL AND NEW.source <> 'taken_over'
        AND COALESCE(NEW.amount_minor > 0, true) AND (NEW.kind <> 'regular' OR NEW.unlimited OR NOT EXISTS (
            SELECT FROM credit_limit AS other
            WHERE other.tenant_id = NEW.tenant_id AND other.customer_id = NEW.customer_id AND other.kind = 'regular'
                AND other.id <> NEW.id AND other.valid_from <= NEW.valid_from
                AND (other.unlimited OR (other.currency = NEW.currency AND other.amount_minor >= NEW.amount_minor))
        ))
    THEN
        RAISE EXCEPTION 'a credit limit above zero needs an approval' USING ERRCODE = '23001';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER credit_limit_guard AFTER INSERT OR UPDATE ON credit_limit DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION guard_credit_limit();
CREATE TRIGGER credit_limit_kept BEFORE DELETE ON credit_limit FOR EACH ROW EXECUTE FUNCTION refuse_change();
-- What an assessment says stays once it was submitted.
CREATE TRIGGER assessment_submitted BEFORE UPDATE OF header, scores, weights, literal_raw, raw, score, grade, trading,
    forecast, guarantees, note, currency, suggestion, assessed_on ON assessment
    FOR EACH ROW WHEN (OLD.state NOT IN ('draft', 'rejected')) EXECUTE FUNCTION refuse_change();
CREATE TRIGGER shipping_hold_once BEFORE UPDATE ON shipping_hold
    FOR EACH ROW EXECUTE FUNCTION keep_once_set('lifted_at', 'notice_number', 'notice_sha256', 'notice_mail_id');
CREATE TRIGGER danger_signal_once BEFORE UPDATE ON danger_signal
    FOR EACH ROW EXECUTE FUNCTION keep_once_set('decision', 'decided_at');
