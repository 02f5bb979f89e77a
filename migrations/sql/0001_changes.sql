-- Numbers the committed rows of the change log, in the order of writing, and says how many it numbered.
-- The advisory lock is held until this transaction has committed, so numbers appear without gaps and in order:
-- whoever pages by them never skips a row, however long another writer stays open. A row of a writer that commits
-- later gets a later number.
CREATE FUNCTION number_changes(p_most int DEFAULT 10000) RETURNS int
LANGUAGE plpgsql AS $$
DECLARE
  last bigint;
  numbered int;
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtext('mendway.number_changes')) THEN
    RETURN 0;
  END IF;
  SELECT coalesce(max(number), 0) INTO last FROM change WHERE number IS NOT NULL;
  WITH fresh AS (
    SELECT id, row_number() OVER (ORDER BY id) AS place
    FROM (SELECT id FROM change WHERE number IS NULL ORDER BY id LIMIT p_most) AS waiting
  )
  UPDATE change SET number = last + fresh.place FROM fresh WHERE change.id = fresh.id;
  GET DIAGNOSTICS numbered = ROW_COUNT;
  RETURN numbered;
END $$;

-- A job for the worker, in the caller's transaction.
CREATE FUNCTION defer_job(p_task text, p_queue text, p_args jsonb, p_priority int DEFAULT 0, p_at timestamptz DEFAULT NULL)
RETURNS bigint LANGUAGE sql AS $$
  INSERT INTO procrastinate_jobs (queue_name, task_name, priority, args, scheduled_at)
  VALUES (p_queue, p_task, p_priority, p_args, p_at) RETURNING id
$$;

-- The queue's NOTIFY takes a lock at commit that all writers share and nearly halves intake; the worker polls instead.
ALTER TABLE procrastinate_jobs DISABLE TRIGGER procrastinate_jobs_notify_queue_job_inserted_v1;
