-- Rows as the first schema had them, for both engines: a click that led to a lead, one that did not, what was said and delivered.
INSERT INTO projects (id, public_id, name, region, time_zone, ip_policy, lead_created, form, created_at) VALUES
    (1, '018f0000-0000-7000-8000-000000000001', 'A shop', 'SG', 'Asia/Singapore', 'full', 'details', NULL, 1760000000000000),
    (2, '018f0000-0000-7000-8000-000000000002', 'Another', 'DE', 'Europe/Berlin', 'full', 'contact', NULL, 1760000000000000);
INSERT INTO api_keys (id, public_id, project_id, service_name, prefix, hash, created_at, revoked_at) VALUES
    (1, '018f0000-0000-7000-8000-000000000003', 1, 'topkee', 'aurix_key_ab', 'hash-of-a-key', 1760000000000000, NULL);
INSERT INTO channels (id, project_id, kind, external_id, number, link_base, api_base, sealed_credentials, fault, fault_since, created_at)
VALUES (1, 1, 'whatsapp', '791163770738681', '+6512345678', 'https://wa.me', 'https://graph.facebook.com/v23.0', 'sealed', NULL, NULL, 1760000000000000);
INSERT INTO widgets (id, public_id, project_id, channel, greeting, origins, created_at) VALUES
    (1, '018f0000-0000-7000-8000-000000000004', 1, 1, 'Hello!', '[]', 1760000000000000);
INSERT INTO conversations (id, public_id, project_id, channel, external_user_id, external_phone_id, ids_told_at, profile_name, username, phone,
                           agent_state, answered_up_to, burst_started_at, due_at, turn_number, turn_attempts, merged_into, created_at)
VALUES (1, '018f0000-0000-7000-8000-000000000005', 1, 1, NULL, '6581234567', 1760000100000000, 'Mei', NULL, '+6581234567', '{}', 2, NULL, NULL,
        1, 0, NULL, 1760000100000000);
INSERT INTO sessions (id, project_id, device_id, correlation_id, folded_id, started_at, conversation_id, correlated_at) VALUES
    (1, 1, 'd1', 'O-7KQ2M9X4T', 'o-7kq2m9x4t', 1760000050000000, 1, 1760000100000000),
    (2, 1, NULL, 'O-8KQ2M9X4T', 'o-8kq2m9x4t', 1760000060000000, NULL, NULL);
INSERT INTO clicks (id, project_id, session_id, widget_id, click_url, first_raw_url, referrer, parsed_params, ip_address, user_agent, linked, created_at)
VALUES
    (7000000000000001, 1, 1, 1, 'https://shop.example/?utm_source=google&utm_medium=cpc', 'https://shop.example/?utm_source=google&utm_medium=cpc',
     'https://www.google.com/', '{"utm_source":"google","utm_medium":"cpc"}', '203.0.113.7', 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0', TRUE, 1760000050000000),
    (7000000000000002, 1, 2, 1, NULL, NULL, NULL, '{}', NULL, NULL, FALSE, 1760000060000000);
INSERT INTO automated_requests (project_id, widget_id, day, kind, requests) VALUES (1, 1, '2025-10-09', 'crawler', 12);
INSERT INTO leads (id, project_id, conversation_id, session_id, status, fields, intent, announced_at, announced_details, announce_due_at, completed_at,
                   created_at, updated_at)
VALUES (1, 1, 1, 1, 'correlated', '{"name":{"value":"Mei Tan","words":"Mei Tan"},"email":{"value":"mei@example.com","words":"mei@example.com"}}',
        NULL, 1760000101000000, 'name,email', NULL, NULL, 1760000100000000, 1760000101000000);
INSERT INTO messages (id, project_id, channel, conversation_id, direction, reply_id, external_id, original_id, kind, text, contact, raw, status, error,
                      attempts, retries_from, due_at, sent_at, revoked_at, created_at)
VALUES
    (1, 1, 1, 1, 'in', NULL, 'wamid.1', NULL, 'text', 'Hi O-7KQ2M9X4T', NULL, '{}', 'received', NULL, 0, 0, NULL, 1760000100000000, NULL, 1760000100000000),
    (2, 1, 1, 1, 'out', '018f0000-0000-7000-8000-000000000006', 'wamid.2', NULL, 'text', 'Hello! ñ 漢字', NULL, NULL, 'sent', NULL, 1, 0, NULL,
     1760000101000000, NULL, 1760000101000000);
INSERT INTO notices (id, project_id, channel, kind, raw, created_at) VALUES (1, 1, 1, 'unknown', '{"a":1}', 1760000100000000);
INSERT INTO referrals (id, project_id, conversation_id, message_id, ad_click_id, raw, seen_at) VALUES (1, 1, 1, 1, 'ARA', '{}', 1760000100000000);
INSERT INTO refused_correlation_ids (id, project_id, conversation_id, correlation_id, reason, created_at) VALUES
    (1, 1, 1, 'O-9KQ2M9X4T', 'unknown', 1760000100000000);
INSERT INTO webhooks (id, public_id, project_id, key_id, service_name, url, sealed_secret, sealed_previous_secret, previous_secret_until,
                      sealed_headers, events, policy, is_active, off_reason, failing_since, rate_per_second, concurrency, next_at, created_at, removed_at)
VALUES (1, '018f0000-0000-7000-8000-000000000007', 1, NULL, 'crm', 'https://crm.example.com/hook', 'sealed', NULL, NULL, 'sealed',
        '["widget.click","lead.created"]', 'retry', TRUE, NULL, NULL, NULL, NULL, 0, 1760000000000000, NULL);
INSERT INTO events (id, project_id, conversation_id, created_at, event_id, event_type, body, body_external) VALUES
    (7000000000000003, 1, NULL, 1760000060000000, '018f0000-0000-7000-8000-000000000008', 'widget.click', '{"event_type":"widget.click"}', NULL),
    (7000000000000004, 1, 1, 1760000101000000, '018f0000-0000-7000-8000-000000000009', 'lead.created', '{"event_type":"lead.created"}', '{}');
INSERT INTO deliveries (id, webhook_id, event_id, conversation_id, due_at, created_at, attempts, retries_from, tried, holds_slot, status) VALUES
    (7000000000000005, 1, 7000000000000003, NULL, NULL, 1760000060000000, 1, 0, TRUE, FALSE, 'delivered'),
    (7000000000000006, 1, 7000000000000004, 1, 1760000110000000, 1760000101000000, 1, 0, TRUE, FALSE, 'pending');
INSERT INTO attempts (delivery_id, started_at, number, duration_ms, status_code, error, sent, response_headers, response_body) VALUES
    (7000000000000005, 1760000061000000, 1, 80, 200, NULL, '{}', '{}', 'ok'),
    (7000000000000006, 1760000102000000, 1, 90, 503, NULL, '{}', '{}', 'later');
INSERT INTO retention (project_id, kind, days) VALUES (1, 'clicks', NULL);
INSERT INTO retention_progress (project_id, kind, removed_to) VALUES (1, 'attempts', 1750000000000000);
INSERT INTO audit (id, project_id, at, actor_kind, actor_id, actor_name, action, object_kind, object_id, detail) VALUES
    (1, 1, 1760000000000000, 'command', NULL, 'mei', 'create_project', 'project', '018f0000-0000-7000-8000-000000000001', '{}');
UPDATE counters SET value = 3 WHERE name = 'node';
