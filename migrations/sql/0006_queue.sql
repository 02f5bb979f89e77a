-- Text as it is searched: small letters without accents, nothing but words and spaces. Cheap, and without an extension that a
-- managed database may lack.
CREATE FUNCTION folded(p_text text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT trim(regexp_replace(
    translate(lower(p_text), 'áàâäãåāéèêëēíìîïīóòôöõōúùûüūñçýÁÀÂÄÃÅĀÉÈÊËĒÍÌÎÏĪÓÒÔÖÕŌÚÙÛÜŪÑÇÝ',
                             'aaaaaaaeeeeeiiiiioooooouuuuuncyaaaaaaaeeeeeiiiiioooooouuuuuncy'),
    '[[:space:]!-/:-@\[-`{-~¿¡«»“”‘’–—…·]+', ' ', 'g'))
$$;

-- Every text that stands in a value of answers, however deep.
CREATE FUNCTION texts_of(p_answers jsonb) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT string_agg(value #>> '{}', ' ') FROM jsonb_path_query(p_answers, 'strict $.** ? (@.type() == "string")') AS found (value)
$$;

-- What a report is found by: with weight A what anybody may know of it, with weight D what only some of the staff may.
CREATE FUNCTION queue_words(p_reference text, p_description text, p_answers jsonb, p_address text, p_private jsonb) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT setweight(to_tsvector('simple', folded(concat_ws(' ', p_reference, p_description, texts_of(p_answers)))), 'A')
      || setweight(to_tsvector('simple', folded(concat_ws(' ', p_address, texts_of(p_private)))), 'D')
$$;

-- What somebody types, as a question: every word must be there, one of three letters or more may go on.
-- p_weight: 'A' for who may not search what is private. NULL when no word is in it.
CREATE FUNCTION queue_question(p_text text, p_weight text) RETURNS tsquery
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT to_tsquery('simple', string_agg(quote_literal(word) || ':' || CASE WHEN length(word) > 2 THEN '*' ELSE '' END
                                         || CASE WHEN p_weight = 'A' THEN 'A' WHEN length(word) > 2 THEN '' ELSE 'AD' END, ' & '))
  FROM regexp_split_to_table(folded(p_text), ' ') AS found (word) WHERE word <> ''
$$;

CREATE FUNCTION urgency_of(p_priority text) RETURNS smallint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT (CASE p_priority WHEN 'urgent' THEN 0 WHEN 'high' THEN 1 WHEN 'normal' THEN 2 ELSE 3 END)::smallint
$$;

-- The order of what is due; never NULL, so that pages can go on behind any row. What has no date comes a hundred years later,
-- the urgent before the less urgent, and then the old before the new.
CREATE FUNCTION due_key(p_due_at timestamptz, p_priority text, p_received_at timestamptz) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT coalesce(p_due_at, to_timestamp(extract(epoch FROM p_received_at) + 3155760000 + 315576000 * urgency_of(p_priority)))
$$;

-- Write the rows of these reports anew, whatever they held.
CREATE FUNCTION put_in_queue(p_ids uuid[]) RETURNS void
LANGUAGE sql AS $$
  INSERT INTO queue_item AS q (report_id, jurisdiction_id, status, is_open, department_id, crew_id, assignee_id, category_id, urgency,
                               received_at, updated_at, due_at, due_soon_at, due_key, held_at, parent_id, visibility, source,
                               area_keys, spot, words)
  SELECT r.id, r.jurisdiction_id, r.status, r.status NOT IN ('resolved', 'closed'), r.department_id, r.crew_id, r.assignee_id,
         r.category_id, urgency_of(r.priority), r.received_at, r.updated_at, c.due_at, c.warn_at,
         due_key(c.due_at, r.priority, r.received_at), r.held_at, r.parent_id, r.visibility, r.source, r.area_keys,
         ST_Transform(r.location, 3857), queue_words(r.reference, r.description, r.answers, r.address, r.private_answers)
  FROM report r LEFT JOIN service_clock c ON c.report_id = r.id
  WHERE r.id = ANY(p_ids)
  ON CONFLICT (report_id) DO UPDATE SET
    status = excluded.status, is_open = excluded.is_open, department_id = excluded.department_id, crew_id = excluded.crew_id,
    assignee_id = excluded.assignee_id, category_id = excluded.category_id, urgency = excluded.urgency,
    updated_at = excluded.updated_at, due_at = excluded.due_at, due_soon_at = excluded.due_soon_at, due_key = excluded.due_key,
    held_at = excluded.held_at, parent_id = excluded.parent_id, visibility = excluded.visibility, source = excluded.source,
    area_keys = excluded.area_keys, spot = excluded.spot, words = excluded.words
$$;

-- A change of a report reaches its row in the same transaction. A report that is new has no row yet: it is admitted after its
-- commit (actions/clocks), so that intake pays for none of this.
CREATE FUNCTION follow_report() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.description, NEW.address, NEW.answers, NEW.private_answers, NEW.location)
     IS DISTINCT FROM (OLD.description, OLD.address, OLD.answers, OLD.private_answers, OLD.location) THEN
    PERFORM put_in_queue(ARRAY[NEW.id]);
    RETURN NULL;
  END IF;
  UPDATE queue_item q SET
    status = NEW.status, is_open = NEW.status NOT IN ('resolved', 'closed'), department_id = NEW.department_id,
    crew_id = NEW.crew_id, assignee_id = NEW.assignee_id, category_id = NEW.category_id, urgency = urgency_of(NEW.priority),
    updated_at = NEW.updated_at, due_key = due_key(q.due_at, NEW.priority, NEW.received_at), held_at = NEW.held_at,
    parent_id = NEW.parent_id, visibility = NEW.visibility, area_keys = NEW.area_keys
  WHERE q.report_id = NEW.id;
  IF NOT FOUND THEN
    PERFORM put_in_queue(ARRAY[NEW.id]);
  END IF;
  RETURN NULL;
END $$;

-- What its clock says of when a report is due.
CREATE FUNCTION follow_clock() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  UPDATE queue_item q SET due_at = NEW.due_at, due_soon_at = NEW.warn_at, due_key = due_key(NEW.due_at, r.priority, r.received_at)
  FROM report r
  WHERE r.id = NEW.report_id AND q.report_id = NEW.report_id;
  RETURN NULL;
END $$;

CREATE TRIGGER service_clock_in_queue AFTER UPDATE ON service_clock
  FOR EACH ROW WHEN ((NEW.due_at, NEW.warn_at) IS DISTINCT FROM (OLD.due_at, OLD.warn_at)) EXECUTE FUNCTION follow_clock();

-- A category belongs to one department and a crew to another: without knowing that, the planner expects what there is none of,
-- and walks a whole order in search of it.
CREATE STATISTICS queue_item_owner (mcv, dependencies) ON department_id, category_id FROM queue_item;
CREATE STATISTICS queue_item_hands (mcv, dependencies) ON department_id, crew_id FROM queue_item;
ALTER STATISTICS queue_item_owner SET STATISTICS 1000;
ALTER STATISTICS queue_item_hands SET STATISTICS 1000;
