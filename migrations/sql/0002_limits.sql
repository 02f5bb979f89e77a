-- Count one hit for each subject in the present stretch of p_window_s seconds, and say what is left of each quota: -1 when
-- there is none. Each connection has a slot of its own: hits of one address do not wait for each other's commit, and are
-- seen by the others once they have committed. Update first, insert second: half the time of one INSERT ON CONFLICT.
CREATE FUNCTION count_hits(p_subjects bytea[], p_quotas int[], p_window_s int, OUT remaining int[], OUT reset_s int)
LANGUAGE plpgsql AS $$
DECLARE
  now_s int := floor(extract(epoch FROM clock_timestamp()));
  stretch int := now_s - now_s % p_window_s;
  own smallint := pg_backend_pid() % 64;
  place int;
  used int;
BEGIN
  FOR place IN 1 .. cardinality(p_subjects) LOOP
    UPDATE rate_count AS r SET hits = r.hits + 1
    WHERE r.subject = p_subjects[place] AND r.began = stretch AND r.slot = own;
    IF NOT FOUND THEN
      INSERT INTO rate_count AS r (subject, began, slot, hits) VALUES (p_subjects[place], stretch, own, 1)
      ON CONFLICT (subject, began, slot) DO UPDATE SET hits = r.hits + 1;
    END IF;
    SELECT sum(r.hits) INTO used FROM rate_count r WHERE r.subject = p_subjects[place] AND r.began = stretch;
    remaining[place] := greatest(-1, p_quotas[place] - used);
  END LOOP;
  reset_s := stretch + p_window_s - now_s;
END $$;
