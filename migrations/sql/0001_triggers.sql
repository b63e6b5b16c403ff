CREATE CONSTRAINT TRIGGER posting_balances AFTER INSERT ON posting
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_entry_balance();
CREATE CONSTRAINT TRIGGER entry_has_postings AFTER INSERT ON entry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_entry_has_postings();
CREATE TRIGGER open_item_guard BEFORE UPDATE OF id, tenant_id, customer_id, entry_id, kind, side, document_no, document_on,
    due_on, collection_end_on, currency, amount_minor, reverses_id, reference, recorded_at ON open_item
    FOR EACH ROW EXECUTE FUNCTION guard_open_item();
CREATE TRIGGER open_item_kept BEFORE DELETE ON open_item FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER journal_event_guard BEFORE UPDATE ON journal_event
    FOR EACH ROW EXECUTE FUNCTION guard_journal_event();
CREATE TRIGGER journal_event_kept BEFORE DELETE ON journal_event FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER mail_message_guard BEFORE UPDATE ON mail_message
    FOR EACH ROW EXECUTE FUNCTION guard_mail_message();
CREATE TRIGGER mail_message_kept BEFORE DELETE ON mail_message FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER statement_superseded_once BEFORE UPDATE OF superseded_at ON statement
    FOR EACH ROW EXECUTE FUNCTION keep_once_set('superseded_at');
CREATE TRIGGER statement_kept BEFORE DELETE ON statement FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER access_token_revoked_once BEFORE UPDATE OF revoked_at ON access_token
    FOR EACH ROW EXECUTE FUNCTION keep_once_set('revoked_at');
CREATE TRIGGER one_time_code_used_once BEFORE UPDATE OF used_at ON one_time_code
    FOR EACH ROW EXECUTE FUNCTION keep_once_set('used_at');
