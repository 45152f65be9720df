"""In which order documents are written."""

WATCH = """
    CREATE TEMPORARY TABLE seen (number bigserial, id uuid);
    CREATE FUNCTION pg_temp.see() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO seen (id) VALUES (NEW.id);
        RETURN NEW;
    END $$;
    CREATE TRIGGER see BEFORE INSERT ON documents FOR EACH ROW EXECUTE FUNCTION pg_temp.see();
"""
