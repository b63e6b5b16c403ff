-- Takes the secrets out of the links that open by themselves: `/p/…` of the portal, `/welcome/…` of an invitation,
-- `/reset/…` of a forgotten password.
CREATE OR REPLACE FUNCTION without_links(body text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT regexp_replace(body, '(/(?:p|welcome|reset)/)[A-Za-z0-9_.-]{20,}', '\1…', 'g')
$$;
