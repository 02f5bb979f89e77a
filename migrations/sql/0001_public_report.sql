-- What a stranger may see of reports, decided once. Lists, filters, sorting, `near`, feeds and tiles for strangers read
-- this and nothing else. No reporter, device, contact, private answer, exact position of a blurred place or typed address.
CREATE VIEW public_report AS
SELECT r.id, r.jurisdiction_id, r.reference, r.category_id, c.code AS category, r.status, r.version, r.public_location,
       c.blur_m, r.description, r.answers, r.department_id, r.areas, r.area_keys,
       r.received_at, r.updated_at, r.resolved_at, r.expected_at
FROM report r
JOIN category c ON c.id = r.category_id
WHERE r.visibility = 'public';
