"""Where each hostile input (H1 to H67) is tried: the file, and how the test's name begins.

A case that loses its tests fails here. `H` alone would name Facebook's help links as well, so the list is
kept by hand rather than searched for.
"""

import re

import pytest

from tests.conftest import ROOT

CASES = """
1 test_hostile/test_webhooks.py::test_h1_ test_channels/test_meta_signature.py::test_
2 test_hostile/test_webhooks.py::test_h2_ test_templates/test_ownership.py::test_whoever_types_a_foreign
3 test_hostile/test_webhooks.py::test_h3_
4 test_hostile/test_connections.py::test_h4_
5 test_hostile/test_connections.py::test_h5_
6 test_hostile/test_webhooks.py::test_h6_ test_hostile/test_bodies.py::test_h6_
7 test_hostile/test_webhooks.py::test_odd_bodies test_hostile/test_webhooks.py::test_odd_messages
8 test_channels/test_whatsapp_hostile.py::test_times_are_kept_sane
9 test_hostile/test_webhooks.py::test_h9_
10 test_hostile/test_webhooks.py::test_h10_
11 test_hostile/test_inputs.py::test_h11_
12 test_hostile/test_inputs.py::test_h12_
13 test_hostile/test_inputs.py::test_h13_ browser/test_inbox_work.py::test_what_strangers_write
14 test_hostile/test_inputs.py::test_h13_h14_
15 test_queueing/test_choice.py::test_only_the_known_names_are_replaced test_queueing/test_api.py::test_
16 test_queueing/test_choice.py::test_only_the_known_names_are_replaced
17 test_templates/test_rules.py::test_named_ones_carry_their_names_and_values_stay_literal
18 test_contacts/test_export.py::test_ test_admin/test_lists.py::test_ test_bots/test_reports.py::test_
19 test_contacts/test_export.py::test_
20 test_hostile/test_inputs.py::test_h20_ contracts/test_logs.py::test_
21 test_bots/test_matching.py::test_ test_queueing/test_choice.py::test_hostile_texts_and_many_keywords
22 test_queueing/test_choice.py::test_hostile_texts_and_many_keywords_take_no_time
23 test_queueing/test_choice.py::test_a_number_in_any_dress_is_that_number
24 browser/test_inbox_work.py::test_what_strangers_write
25 browser/test_inbox_work.py::test_monsters test_channels/test_text.py::test_
26 test_queueing/test_choice.py::test_the_check_keyword
27 test_hostile/test_files.py::test_h27_
28 test_hostile/test_files.py::test_h28_ test_messages/test_received_files.py::test_what_a_browser
29 test_hostile/test_files.py::test_h29_
30 test_hostile/test_files.py::test_h30_ test_webchat/test_files.py::test_an_altered_address
31 test_hostile/test_bodies.py::test_h31_ test_hostile/test_addresses.py::test_no_door
32 test_channels/test_whatsapp_media.py::test_a_redirect_is test_hostile/test_addresses.py::test_a_name
33 test_channels/test_whatsapp_media.py::test_a_file_over test_webhooks/test_deliveries.py::test_of_an_answer
34 test_hostile/test_bodies.py::test_h34_
35 contracts/test_tenancy_walk.py::test_foreign_ids_in_addresses
36 contracts/test_tenancy_walk.py::test_foreign_ids_in contracts/test_tenancy_walk.py::test_foreign_ids_in
37 contracts/test_tenancy_walk.py::test_a_bulk_action test_pipeline/test_automation.py::test_
38 test_hostile/test_inputs.py::test_h38_
39 contracts/test_tenancy_walk.py::test_mass_assignment
40 contracts/test_doors.py::test_lower_roles test_auth/test_tokens.py::test_secrets_are_in_no_answer
41 test_templates/test_api.py::test_only_refused_and test_broadcasts/test_api.py::test_what_cannot_be_sent
42 contracts/test_canaries.py::test_searching
43 test_auth/test_access_ends.py::test_sockets_are_cut test_auth/test_access_ends.py::test_a_lowered_role
44 contracts/test_doors.py::test_the_admin_screens test_admin/test_isolation.py::test_one_foreign_id
45 contracts/test_canaries.py::test_nobody_meets contracts/test_second_wall.py::test_plain_sql
46 test_auth/test_login.py::test_a_session_of_before_the_login
47 test_auth/test_login.py::test_one_address test_auth/test_login.py::test_one_machine
48 test_auth/test_login.py::test_all_refusals test_auth/test_resets.py::test_a_stranger_learns_nothing
49 test_auth/test_resets.py::test_a_link test_auth/test_login.py::test_the_host_header
50 contracts/test_doors.py::test_a_cookie_alone contracts/test_doors.py::test_json_in_disguise
51 test_auth/test_login.py::test_a_login_leads_to_own_pages_only
52 contracts/test_configuration.py::test_production_refuses test_auth/test_login.py::test_a_forged_cookie
53 contracts/test_answers.py::test_security_headers contracts/test_answers.py::test_private_pages
54 test_facebook/test_connecting.py::test_the_state_is_this_logins
55 test_hostile/test_sockets.py::test_h55_ test_webchat/test_sockets.py::test_other_sites
56 test_hostile/test_sockets.py::test_h56_ contracts/test_tenancy_elsewhere.py::test_socket_events
57 test_hostile/test_sockets.py::test_h57_ test_webchat/test_sockets.py::test_a_visitor_cannot_speak_as_the
58 test_hostile/test_sockets.py::test_h58_ test_webchat/test_sockets.py::test_a_flood
59 test_webchat/test_sockets.py::test_what_is_the_desks test_webchat/test_messages.py::test_notes_and
60 test_hostile/test_sockets.py::test_h60_
61 test_hostile/test_limits.py::test_h61_
62 test_bots/test_turns.py::test_another_machine_gets_five_answers
63 test_pipeline/test_automation.py::test_a_loop_stops
64 test_hostile/test_limits.py::test_h64_ test_bots/test_schedules.py::test_what_overlaps
65 test_hostile/test_inputs.py::test_h65_ test_bots/test_turns.py::test_a_rating_is_kept_once
66 test_hostile/test_sockets.py::test_h66_
67 test_broadcasts/test_api.py::test_what_cannot_be_sent test_broadcasts/test_sending.py::test_everybody_gets
"""
PLACES = {int(line.split()[0]): line.split()[1:] for line in CASES.strip().splitlines()}


def test_no_case_is_left_out():
    assert sorted(PLACES) == [*range(1, 68)]


@pytest.mark.parametrize("case", PLACES, ids="H{}".format)
def test_the_case_has_its_tests(case):
    for place in PLACES[case]:
        path, _, name = place.partition("::")
        source = (ROOT / "tests" / path).read_text()
        assert re.search(rf"^def {name}", source, re.MULTILINE), place
