-- What a stranger may see: now without what a moderator holds back, and with the status that the city shows.
CREATE OR REPLACE VIEW public_report AS
SELECT r.id, r.jurisdiction_id, r.reference, coalesce(r.public_status, r.status) AS status, r.version, r.description, r.answers,
       r.category_id, c.code AS category, n.name AS category_name,
       r.public_location, ST_X(r.public_location) AS lon, ST_Y(r.public_location) AS lat, c.blur_m,
       r.department_id, d.code AS department, d.name AS department_name,
       r.areas, r.area_keys, r.received_at, r.updated_at, r.resolved_at, r.expected_at
FROM report r
JOIN category c ON c.id = r.category_id
CROSS JOIN LATERAL (SELECT f.form -> 'name' AS name FROM category_form f WHERE f.category_id = r.category_id
                    ORDER BY f.retired_at DESC NULLS FIRST LIMIT 1) n
LEFT JOIN department d ON d.id = r.department_id
WHERE r.visibility = 'public' AND r.held_at IS NULL;

-- The whole of a report, with what its desk has added. `lon` and `lat` are exact; the public's are beside them.
CREATE OR REPLACE VIEW whole_report AS
SELECT r.id, r.jurisdiction_id, r.reference, r.status, r.version, r.description, r.answers,
       r.category_id, c.code AS category, n.name AS category_name,
       r.location AS whole_location, ST_X(r.location) AS lon, ST_Y(r.location) AS lat, 0 AS blur_m,
       r.department_id, d.code AS department, d.name AS department_name,
       r.areas, r.area_keys, r.received_at, r.updated_at, r.resolved_at, r.expected_at,
       r.person_id, r.visibility, r.accuracy_m, r.address, r.private_answers, r.contact, r.captured_at, r.captured_at_sent,
       r.clock_flag, r.routed_by, r.source, r.form_version, r.crew_id, w.code AS crew, w.name AS crew_name, r.last_seq,
       coalesce(r.public_status, r.status) AS shown_status, r.status_reason, r.priority, r.held_at,
       r.assignee_id, a.code AS assignee, a.name AS assignee_name, r.parent_id,
       ST_X(r.public_location) AS public_lon, ST_Y(r.public_location) AS public_lat, c.blur_m AS public_blur_m
FROM report r
JOIN category c ON c.id = r.category_id
CROSS JOIN LATERAL (SELECT f.form -> 'name' AS name FROM category_form f WHERE f.category_id = r.category_id
                    ORDER BY f.retired_at DESC NULLS FIRST LIMIT 1) n
LEFT JOIN department d ON d.id = r.department_id
LEFT JOIN crew w ON w.id = r.crew_id
LEFT JOIN person a ON a.id = r.assignee_id;
