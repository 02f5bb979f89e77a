-- What a stranger may see of reports, decided once. Lists, filters, sorting, `near`, feeds and tiles for strangers read
-- this and nothing else. No reporter, device, contact, private answer, exact position of a blurred place or typed address.
CREATE VIEW public_report AS
SELECT r.id, r.jurisdiction_id, r.reference, r.status, r.version, r.description, r.answers,
       r.category_id, c.code AS category, n.name AS category_name,
       r.public_location, ST_X(r.public_location) AS lon, ST_Y(r.public_location) AS lat, c.blur_m,
       r.department_id, d.code AS department, d.name AS department_name,
       r.areas, r.area_keys, r.received_at, r.updated_at, r.resolved_at, r.expected_at
FROM report r
JOIN category c ON c.id = r.category_id
CROSS JOIN LATERAL (SELECT f.form -> 'name' AS name FROM category_form f WHERE f.category_id = r.category_id
                    ORDER BY f.retired_at DESC NULLS FIRST LIMIT 1) n
LEFT JOIN department d ON d.id = r.department_id
WHERE r.visibility = 'public';

-- The whole of a report, for its reporter and for those who work on it.
CREATE VIEW whole_report AS
SELECT r.id, r.jurisdiction_id, r.reference, r.status, r.version, r.description, r.answers,
       r.category_id, c.code AS category, n.name AS category_name,
       r.location AS whole_location, ST_X(r.location) AS lon, ST_Y(r.location) AS lat, 0 AS blur_m,
       r.department_id, d.code AS department, d.name AS department_name,
       r.areas, r.area_keys, r.received_at, r.updated_at, r.resolved_at, r.expected_at,
       r.person_id, r.visibility, r.accuracy_m, r.address, r.private_answers, r.contact, r.captured_at, r.captured_at_sent,
       r.clock_flag, r.routed_by, r.source, r.form_version, r.crew_id, w.code AS crew, w.name AS crew_name, r.last_seq
FROM report r
JOIN category c ON c.id = r.category_id
CROSS JOIN LATERAL (SELECT f.form -> 'name' AS name FROM category_form f WHERE f.category_id = r.category_id
                    ORDER BY f.retired_at DESC NULLS FIRST LIMIT 1) n
LEFT JOIN department d ON d.id = r.department_id
LEFT JOIN crew w ON w.id = r.crew_id;
