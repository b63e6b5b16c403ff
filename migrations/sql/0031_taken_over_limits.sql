-- As in 0027, but an end that stays as it is may be without a day, and the approval of a limit that was taken over is
-- named once, by whoever asks for it.
CREATE OR REPLACE FUNCTION guard_credit_limit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.valid_to IS DISTINCT FROM OLD.valid_to
        AND (NEW.valid_to IS NULL OR NEW.valid_to > COALESCE(OLD.valid_to, 'infinity'::date)) THEN
        RAISE EXCEPTION 'the end of a credit limit is only brought forward' USING ERRCODE = '23001';
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.approval_id IS DISTINCT FROM OLD.approval_id
        AND (OLD.approval_id IS NOT NULL OR NEW.source <> 'taken_over') THEN
        RAISE EXCEPTION 'the approval of a credit limit stays' USING ERRCODE = '23001';
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
