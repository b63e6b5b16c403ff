-- A trigger before the change sees the computed columns of the new row empty: they follow from columns that are guarded.
CREATE OR REPLACE FUNCTION guard_open_item() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    free text[] := ARRAY['open_minor', 'cleared_on', 'number_key', 'reference_key'];
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
