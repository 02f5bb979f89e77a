-- Intake as in 0002, with the same parameters: code of before this migration calls it too.
-- New: whoever is shut out makes nothing new (what it sent before is answered as before), and a town may have the reports of
-- some categories held until somebody has looked at them.
CREATE OR REPLACE FUNCTION submit_report(
  p_token_hash bytea, p_key text, p_fingerprint bytea, p_id uuid, p_category text, p_form_version text,
  p_lon float8, p_lat float8, p_accuracy_m float8, p_address text, p_description text,
  p_answers jsonb, p_private_answers jsonb, p_contact jsonb,
  p_captured_at timestamptz, p_captured_at_sent text, p_received_at timestamptz, p_source text,
  p_language text, p_words jsonb, p_announcement_id uuid, p_sender bytea, p_quotas int[], p_window_s int,
  OUT outcome text, OUT status int, OUT body text, OUT facts jsonb
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  caller record;
  earlier record;
  sent record;
  kind record;
  owner uuid;
  place geometry := ST_SetSRID(ST_MakePoint(p_lon, p_lat), 4326);
  shown geometry;
  way record;
  receipt_at timestamptz := coalesce(p_received_at, clock_timestamp());
  flag text;
  reference text;
  sight text;
  stored uuid;
  hits record;
BEGIN
  SELECT c.jurisdiction_id, c.person_id, c.device_id, c.expires_at, c.revoked_at, p.active, p.role, j.languages[1] AS language,
         j.moderation -> 'hold_new' ? p_category AS holds, b.id AS blocked_by
  INTO caller
  FROM credential c JOIN person p ON p.id = c.person_id JOIN jurisdiction j ON j.id = c.jurisdiction_id
  LEFT JOIN device_block b ON b.person_id = c.person_id AND b.lifted_at IS NULL
  WHERE c.token_hash = p_token_hash;
  IF NOT FOUND THEN
    outcome := 'token-unknown'; RETURN;
  ELSIF caller.revoked_at IS NOT NULL OR NOT caller.active THEN
    outcome := 'token-revoked'; RETURN;
  ELSIF caller.expires_at <= now() THEN
    outcome := 'token-expired'; RETURN;
  END IF;
  owner := coalesce(caller.device_id, caller.person_id);

  -- The report is looked for first and the key second, though the key decides: each sees what has committed by then, and
  -- a first copy that commits in between must be found by its key.
  SELECT coalesce(r.device_id, r.person_id) AS owner_id, r.person_id, r.content_hash INTO sent FROM report r WHERE r.id = p_id;
  SELECT k.fingerprint, k.status, k.body INTO earlier FROM idempotency_key k WHERE k.owner_id = owner AND k.key = p_key;
  IF FOUND THEN
    outcome := CASE WHEN earlier.fingerprint = p_fingerprint THEN 'replayed' ELSE 'idempotency-key-reused' END;
    status := earlier.status; body := earlier.body; RETURN;
  ELSIF sent.owner_id IS NOT NULL THEN
    -- A person's new phone may send what their old one has sent.
    outcome := CASE WHEN sent.owner_id <> owner AND sent.person_id <> caller.person_id THEN 'id-taken'
                    WHEN sent.content_hash = p_fingerprint THEN 'known' ELSE 'already-sent' END;
    RETURN;
  END IF;

  IF caller.blocked_by IS NOT NULL THEN
    outcome := 'device-blocked'; RETURN;
  END IF;

  IF p_quotas IS NOT NULL AND caller.role = 'resident' THEN
    hits := count_hits(ARRAY['reports:device:'::bytea || uuid_send(owner), 'reports:address:'::bytea || p_sender],
                       p_quotas, p_window_s);
    facts := jsonb_build_object('remaining', hits.remaining, 'reset_s', hits.reset_s);
    IF -1 = ANY(hits.remaining) THEN
      outcome := 'rate-limited'; RETURN;
    END IF;
  END IF;

  SELECT c.id, c.group_id, c.is_public, c.blur_m, c.areas, f.form #>> ARRAY['name', p_language] AS name,
         f.form #>> ARRAY['name', caller.language] AS fallback, c.active OR f.retired_at IS NOT NULL AS offered,
         f.retired_at IS NULL OR f.retired_at > receipt_at - interval '30 days' AS fresh
  INTO kind
  FROM category c JOIN category_form f ON f.category_id = c.id AND f.version = p_form_version
  WHERE c.jurisdiction_id = caller.jurisdiction_id AND c.code = p_category;
  IF NOT FOUND OR NOT kind.offered THEN
    outcome := 'form-unknown'; RETURN;
  ELSIF NOT kind.fresh THEN
    outcome := 'form-expired'; RETURN;
  END IF;

  way := route(caller.jurisdiction_id, kind.id, kind.group_id, place);
  IF NOT coalesce(way.inside, false) THEN
    outcome := 'outside-town'; facts := jsonb_build_object('external_body_id', way.external_body_id); RETURN;
  ELSIF way.external_body_id IS NOT NULL THEN
    outcome := 'not-ours'; facts := jsonb_build_object('external_body_id', way.external_body_id, 'why', way.routed_by); RETURN;
  ELSIF kind.areas <> '{}' AND NOT kind.areas && way.every_key THEN
    outcome := 'not-offered-here'; RETURN;
  END IF;

  flag := CASE WHEN p_captured_at > receipt_at + interval '5 minutes' THEN 'ahead'
               WHEN p_captured_at < receipt_at - interval '30 days' THEN 'old' END;
  sight := CASE WHEN kind.is_public THEN 'public' ELSE 'private' END;
  reference := report_reference(nextval('report_reference_seq'));
  shown := public_place(place, kind.blur_m);

  INSERT INTO report (id, jurisdiction_id, reference, person_id, device_id, category_id, form_version, status, visibility,
                      location, public_location, accuracy_m, address, description, answers, private_answers, contact,
                      captured_at, captured_at_sent, clock_flag, received_at, updated_at, department_id, routed_by, areas,
                      area_keys, source, content_hash, held_at)
  VALUES (p_id, caller.jurisdiction_id, reference, caller.person_id, caller.device_id, kind.id, p_form_version, 'received', sight,
          place, shown, p_accuracy_m, p_address, p_description, p_answers, p_private_answers, p_contact,
          p_captured_at, p_captured_at_sent, flag, receipt_at, receipt_at, way.department_id, way.routed_by, way.areas,
          way.area_keys, p_source, p_fingerprint, CASE WHEN caller.holds THEN receipt_at END)
  ON CONFLICT (id) DO NOTHING
  RETURNING id INTO stored;
  IF stored IS NULL THEN
    -- The other copy has committed while this one waited.
    outcome := 'again'; RETURN;
  END IF;

  status := 201;
  body := json_build_object(
    'id', p_id, 'reference', reference, 'version', 1, 'status', p_words -> 'status',
    'category', json_build_object('code', p_category, 'name', coalesce(kind.name, kind.fallback)),
    'department', (SELECT json_build_object('code', d.code, 'name', coalesce(d.name ->> p_language, d.name ->> caller.language))
                   FROM department d WHERE d.id = way.department_id),
    'why', jsonb_set(way.routed_by, '{text}', to_jsonb(CASE
        WHEN way.routed_by ->> 'rule' IS NULL THEN p_words ->> 'no_rule'
        WHEN way.routed_by #>> '{area,name}' IS NULL THEN p_words ->> 'whole_town'
        ELSE replace(p_words ->> 'in_area', '{area}', way.routed_by #>> '{area,name}') END)),
    'areas', way.areas, 'visibility', sight, 'received_at', rfc3339(receipt_at), 'clock_flag', flag)::text;

  INSERT INTO idempotency_key (owner_id, key, jurisdiction_id, fingerprint, status, body)
  VALUES (owner, p_key, caller.jurisdiction_id, p_fingerprint, status, body)
  ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    -- One key was used for two reports at the same moment. Undo all of this; the second look finds the key taken.
    RAISE EXCEPTION 'key taken meanwhile' USING ERRCODE = 'MW001';
  END IF;

  INSERT INTO report_event (report_id, seq, jurisdiction_id, kind, to_status, actor_id, actor_role, at, captured_at,
                            data)
  VALUES (p_id, 1, caller.jurisdiction_id, 'received', 'received', caller.person_id, caller.role, receipt_at, p_captured_at,
          CASE WHEN caller.holds THEN '{"held": true}'::jsonb END);
  INSERT INTO change (jurisdiction_id, report_id, kind, scope_after)
  VALUES (caller.jurisdiction_id, p_id, 'received', change_scope(CASE WHEN caller.holds THEN 'private' ELSE sight END, 'received',
                                                               way.department_id, NULL, way.area_keys));
  INSERT INTO announcement (id, jurisdiction_id, report_id, seq, event, actor_id)
  VALUES (p_announcement_id, caller.jurisdiction_id, p_id, 1, 'received', caller.person_id);
  -- What defer_job does, written out: a call of an SQL function that cannot be inlined costs as much again.
  INSERT INTO procrastinate_jobs (queue_name, task_name, args)
  VALUES ('announcements', 'expand_announcement', jsonb_build_object('announcement_id', p_announcement_id));
  outcome := 'stored';
END $$;
