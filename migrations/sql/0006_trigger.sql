-- Every line of a report's history touches `updated_at`; what has no line of its own is named.
CREATE TRIGGER report_in_queue AFTER UPDATE ON report
  FOR EACH ROW
  WHEN ((NEW.updated_at, NEW.status, NEW.department_id, NEW.crew_id, NEW.assignee_id, NEW.category_id, NEW.priority, NEW.held_at,
         NEW.parent_id, NEW.visibility, NEW.area_keys, NEW.description, NEW.address, NEW.answers, NEW.private_answers)
        IS DISTINCT FROM
        (OLD.updated_at, OLD.status, OLD.department_id, OLD.crew_id, OLD.assignee_id, OLD.category_id, OLD.priority, OLD.held_at,
         OLD.parent_id, OLD.visibility, OLD.area_keys, OLD.description, OLD.address, OLD.answers, OLD.private_answers))
  EXECUTE FUNCTION follow_report();
