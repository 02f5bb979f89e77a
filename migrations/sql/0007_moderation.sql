-- History stays append-only, but for redaction: a passage that should never have been written may be blacked out, and nothing else.

-- Whether two values are the same but for the wording of texts inside.
CREATE FUNCTION differs_in_words_only(p_one jsonb, p_other jsonb) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF p_one IS NULL OR p_other IS NULL THEN
    RETURN p_one IS NULL AND p_other IS NULL;
  ELSIF jsonb_typeof(p_one) <> jsonb_typeof(p_other) THEN
    RETURN false;
  ELSIF jsonb_typeof(p_one) = 'string' THEN
    RETURN true;
  ELSIF jsonb_typeof(p_one) = 'object' THEN
    RETURN (SELECT count(*) FROM jsonb_object_keys(p_one)) = (SELECT count(*) FROM jsonb_object_keys(p_other))
       AND (SELECT coalesce(bool_and(p_other ? key AND differs_in_words_only(value, p_other -> key)), true) FROM jsonb_each(p_one));
  ELSIF jsonb_typeof(p_one) = 'array' THEN
    RETURN jsonb_array_length(p_one) = jsonb_array_length(p_other)
       AND (SELECT coalesce(bool_and(differs_in_words_only(one.value, p_other -> (one.place::int - 1))), true)
            FROM jsonb_array_elements(p_one) WITH ORDINALITY AS one (value, place));
  ELSE
    RETURN p_one = p_other;
  END IF;
END $$;

-- `mendway.redacting` is set for one transaction (set_config with is_local) and names the one report whose lines may change.
CREATE FUNCTION refuse_rewriting_but_redaction() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE'
     AND current_setting('mendway.redacting', true) = OLD.report_id::text
     AND to_jsonb(NEW) - ARRAY['note', 'reason', 'data'] = to_jsonb(OLD) - ARRAY['note', 'reason', 'data']
     AND (NEW.note IS NULL) = (OLD.note IS NULL)
     AND (NEW.reason IS NULL) = (OLD.reason IS NULL)
     AND differs_in_words_only(NEW.data, OLD.data)
  THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

CREATE OR REPLACE TRIGGER report_event_append_only BEFORE UPDATE OR DELETE ON report_event
  FOR EACH ROW EXECUTE FUNCTION refuse_rewriting_but_redaction();
