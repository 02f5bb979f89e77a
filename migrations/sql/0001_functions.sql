-- A reference that can be read out on the telephone: no vowels, no 0, 1 or L, so no words and no mix-ups,
-- and a seventh character that shows a slip. 28^6 = 481,890,304 references before one is longer.
-- Multiplying by a number prime to 28 is a bijection, so neighbours look unlike and none ever collides.
CREATE FUNCTION report_reference(p_number bigint) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
  alphabet constant text := '23456789BCDFGHJKMNPQRSTVWXYZ';
  rest bigint := (p_number * 275604541 + 98765432) % 481890304;
  digit int;
  weights constant int[] := ARRAY[3, 5, 9, 11, 13, 15];  -- prime to 28: any one wrong letter changes the seventh
  total int := 0;
  letters text := '';
BEGIN
  FOR place IN 1..6 LOOP
    digit := rest % 28;
    rest := rest / 28;
    letters := letters || substr(alphabet, digit + 1, 1);
    total := total + digit * weights[place];
  END LOOP;
  IF p_number >= 481890304 THEN
    letters := (p_number / 481890304)::text || letters;
  END IF;
  RETURN left(letters, -3) || '-' || right(letters, 3) || substr(alphabet, total % 28 + 1, 1);
END $$;

-- A moment as RFC 3339 in UTC, to the millisecond.
CREATE FUNCTION rfc3339(p_at timestamptz) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE AS $$
  SELECT to_char(p_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$$;

-- Who gets a report at a place, and why. Decided here and nowhere else: intake calls it inside its statement and
-- GET /v1/routing explains with it. PL/pgSQL, so that its plans are kept.
-- Points on a shared edge lie in both areas; of each layer the area with the lowest code counts ("C" order).
CREATE FUNCTION route(
  p_jurisdiction int, p_category int, p_group int, p_place geometry,
  OUT inside boolean, OUT department_id int, OUT external_body_id int, OUT routed_by jsonb, OUT areas jsonb, OUT area_keys text[],
  OUT every_key text[]
) LANGUAGE plpgsql STABLE AS $$
BEGIN
  SELECT ST_Covers(j.outline, p_place) INTO inside FROM jurisdiction j WHERE j.id = p_jurisdiction;

  WITH covering AS MATERIALIZED (
    SELECT DISTINCT ON (a.layer_id) a.id, a.layer_id, a.code, a.name, a.size_m2, a.edition_id
    FROM area a
    WHERE a.is_current AND a.geom && p_place AND a.jurisdiction_id = p_jurisdiction AND ST_Covers(a.geom, p_place)
    ORDER BY a.layer_id, a.code COLLATE "C"
  ), hit AS MATERIALIZED (
    SELECT c.*, l.code AS layer, l.stamp, e.edition
    FROM covering c
    JOIN layer l ON l.id = c.layer_id AND l.active
    JOIN layer_edition e ON e.id = c.edition_id
  ), winner AS (
    SELECT r.code AS rule, r.department_id, r.external_body_id, h.id, h.layer, h.code, h.name, h.edition
    FROM rule r
    LEFT JOIN hit h ON h.layer_id = r.layer_id AND (r.area_code IS NULL OR r.area_code = h.code)
    WHERE r.jurisdiction_id = p_jurisdiction
      AND (r.category_id = p_category OR r.category_id IS NULL)
      AND (r.group_id = p_group OR r.group_id IS NULL)
      AND (r.layer_id IS NULL OR h.id IS NOT NULL)
      AND (inside OR (r.external_body_id IS NOT NULL AND r.layer_id IS NOT NULL))
    ORDER BY r.priority DESC, (r.category_id IS NULL), (r.group_id IS NULL), (r.layer_id IS NULL),
             (r.area_code IS NULL), h.size_m2, r.code COLLATE "C"
    LIMIT 1
  ), stamped AS (
    SELECT jsonb_object_agg(h.layer, jsonb_build_object('id', h.id, 'code', h.code, 'name', h.name, 'edition', h.edition))
             FILTER (WHERE h.stamp) AS areas,
           array_agg(h.layer || ':' || h.code ORDER BY h.layer COLLATE "C") FILTER (WHERE h.stamp) AS keys,
           array_agg(h.layer || ':' || h.code) AS every_key
    FROM hit h
  )
  SELECT w.department_id, w.external_body_id,
         CASE WHEN w.rule IS NULL THEN '{"rule": null, "area": null}'::jsonb ELSE
           jsonb_build_object('rule', w.rule, 'area', CASE WHEN w.id IS NOT NULL THEN
             jsonb_build_object('id', w.id, 'layer', w.layer, 'code', w.code, 'name', w.name, 'edition', w.edition) END) END,
         coalesce(s.areas, '{}'), coalesce(s.keys, '{}'), coalesce(s.every_key, '{}')
  INTO route.department_id, route.external_body_id, routed_by, route.areas, area_keys, every_key
  FROM stamped s LEFT JOIN winner w ON true;
END $$;

-- A position fit for the public: snapped to a grid of about p_blur_m metres where the category asks for it.
CREATE FUNCTION public_place(p_place geometry, p_blur_m int) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
  step_lat float8;
  step_lon float8;
BEGIN
  IF p_blur_m = 0 THEN
    RETURN p_place;
  END IF;
  step_lat := p_blur_m / 111320.0;  -- metres in a degree of latitude
  step_lon := step_lat / greatest(cos(radians(round(ST_Y(p_place)::numeric, 1)::float8)), 0.01);
  RETURN ST_SetSRID(ST_MakePoint(
    round((ST_X(p_place) / step_lon)::numeric)::float8 * step_lon,
    round((ST_Y(p_place) / step_lat)::numeric)::float8 * step_lat), 4326);
END $$;

-- What the change log says of a report: who could see it, and in whose hands it was.
CREATE FUNCTION change_scope(p_visibility text, p_status text, p_department int, p_crew int, p_area_keys text[]) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  -- STABLE like jsonb_build_object: declared IMMUTABLE it would not be inlined.
  SELECT jsonb_build_object('visibility', p_visibility, 'status', p_status, 'department_id', p_department,
                            'crew_id', p_crew, 'areas', to_jsonb(p_area_keys))
$$;

-- History is append-only.
CREATE FUNCTION refuse_rewriting() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER report_event_append_only BEFORE UPDATE OR DELETE ON report_event
  FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
