"""Our Application is an honest Flask: both take the same steps, and one assertion holds for both."""

from __future__ import annotations

import copy
import gc
import io
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

import flask
import pytest
from flask import Flask, current_app, g, request, session, url_for
from werkzeug.exceptions import NotFound
from werkzeug.routing import BaseConverter, Rule
from werkzeug.wrappers import Request as WerkzeugRequest

from mockserver.http.application import AnswerResponse, Application
from mockserver.sdk.response import TIMING, Ending, Response, ResponseTiming

XML = Response(200, (("Content-Type", "text/xml; charset=UTF-8"),), b"<response/>")


@pytest.fixture(params=[Flask, Application])
def kind(request):
    return request.param


@pytest.fixture
def app(kind):
    return kind("honest")


@pytest.fixture
def ours():
    return Application("honest")


@pytest.fixture
def sent():
    """What happened, in order."""
    return []


@pytest.fixture(autouse=True)
def nobody_listens_afterwards():
    """A receiver that is left behind has the next test go Flask's own way."""
    yield
    assert [name for name in SIGNALS if getattr(flask, name).receivers] == []


@pytest.fixture
def incurious(app):
    """Without automatic OPTIONS dispatching does not look into a request: whoever does is the first."""
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    return app


def page(app, path="/", view=None, **options):
    """A page that the memo knows already, where there is a memo."""
    endpoint = options.pop("endpoint", "page")
    app.add_url_rule(path, endpoint, view or (lambda **arguments: "page"), **options)
    for method in ("GET", "POST"):
        with app.test_request_context(path, method=method):
            pass


def ask(app, path="/", method="GET", **options):
    """Twice, because the second request meets the memos; both answers have to be the same."""
    client = app.test_client(use_cookies=False)  # a Cookie header of the test's own is sent as it is
    first, second = (client.open(path, method=method, buffered=True, **options) for _ in range(2))
    assert (first.status, first.headers, first.data) == (second.status, second.headers, second.data)
    return second


# Contexts and proxies


def test_g_is_fresh_for_each_request(app):
    def view():
        before = g.get("seen", "nothing")
        g.seen = "something"
        return f"{before} {g.seen}"

    page(app, view=view)
    assert ask(app).text == "nothing something"


def test_request_and_current_app_are_this_request_and_this_app(app):
    page(
        app,
        view=lambda: f"{request.method} {request.path} {request.endpoint} {current_app._get_current_object() is app}",
    )
    assert ask(app).text == "GET / page True"


def test_url_for_is_relative_and_external(app):
    page(app, "/here", lambda: url_for("page", q="ż") + " " + url_for("page", _external=True))
    assert ask(app, "/here").text == "/here?q=%C5%BC http://localhost/here"


def test_url_for_keeps_the_prefix_scheme_port_and_idna_host(app):
    page(app, "/here", lambda: url_for("page", _external=True) + " " + request.url)
    answer = ask(app, "/here", base_url="https://żółw.example:7671/_w/ID")
    assert answer.text == "https://xn--w-uga1v8h.example:7671/_w/ID/here https://żółw.example:7671/_w/ID/here"


def test_url_for_knows_each_host_that_asks(app):
    page(app, "/here", lambda: url_for("page", _external=True))
    hosts = ["a.example", "B.example", "a.example:8080", "a.example:80", "a.example:443", "127.0.0.1", "[::1]:7670"]
    client = app.test_client()

    def answers(scheme):
        url = f"{scheme}://localhost"
        return [client.get("/here", base_url=url, headers={"Host": host}).text for host in hosts]

    plain = ["a.example", "b.example", "a.example:8080", "a.example", "a.example:443", "127.0.0.1", "[::1]:7670"]
    secure = ["a.example", "b.example", "a.example:8080", "a.example:80", "a.example", "127.0.0.1", "[::1]:7670"]
    for _ in range(2):
        assert answers("http") == [f"http://{host}/here" for host in plain]
        assert answers("https") == [f"https://{host}/here" for host in secure]


def test_a_prefix_beyond_ascii_is_read_as_utf_8(app):
    page(app, "/ż", lambda: f"{request.root_path} {request.path} {url_for('page')}")
    assert ask(app, "/ż", base_url="http://localhost/prefiks-ą").text == "/prefiks-ą /ż /prefiks-%C4%85/%C5%BC".replace(
        "%C4%85", "ą"
    )


@pytest.mark.parametrize("host", ["", "bad host", "a" * 64 + ".example", "x:99999", "[::"])
def test_a_host_that_is_none_is_answered_as_flask_answers_it(host):
    def status(kind):
        app = kind("honest")
        page(app, view=lambda: url_for("page", _external=True))
        answer = ask(app, headers={"Host": host})
        return answer.status, answer.data

    assert status(Application) == status(Flask)


def test_a_server_name_is_heeded_even_when_it_is_set_late(app):
    page(app, view=lambda: url_for("page", _external=True))
    assert ask(app, base_url="http://a.example").text == "http://a.example/"
    app.config["SERVER_NAME"] = "configured.example"
    assert ask(app, base_url="http://a.example").text == "http://configured.example/"


def test_trusted_hosts_are_heeded_even_when_they_are_set_late(app):
    page(app)
    assert ask(app, base_url="http://a.example").status_code == 200
    app.config["TRUSTED_HOSTS"] = ["trusted.example"]
    assert ask(app, base_url="http://a.example").status_code == 400
    assert ask(app, base_url="http://trusted.example").status_code == 200


def test_a_request_class_may_trust_hosts_of_its_own(app):
    class Wary(flask.Request):
        trusted_hosts = ("trusted.example",)

    page(app)
    assert ask(app, base_url="http://a.example").status_code == 200
    app.request_class = Wary
    assert ask(app, base_url="http://a.example").status_code == 400


def test_the_host_was_checked_before_the_hooks_ran(app):
    page(app, view=lambda: request.host)
    app.before_request(lambda: setattr(request, "trusted_hosts", ["trusted.example"]))
    assert ask(app, base_url="http://a.example").text == "a.example"


def test_url_for_works_outside_a_request_when_there_is_a_server_name(app):
    page(app, "/here")
    app.config["SERVER_NAME"] = "configured.example"
    with app.app_context():
        assert url_for("page") == "http://configured.example/here"


def test_request_contexts_nest(app):
    page(app, "/outer")
    page(app, "/inner", endpoint="inner")
    with app.test_request_context("/outer"):
        with app.test_request_context("/inner?a=1"):
            assert (request.endpoint, request.args["a"]) == ("inner", "1")
        assert (request.endpoint, dict(request.args)) == ("page", {})
    assert not request


def test_the_context_of_the_app_is_shared_by_a_request_inside_it(app):
    page(app, view=lambda: g.who)
    with app.app_context():
        g.who = "outside"
        assert app.test_client().get("/").text == "outside"


def test_a_client_in_a_with_block_keeps_the_context(app, sent):
    page(app, view=lambda: setattr(g, "kept", "yes") or "page")
    app.teardown_request(lambda error: sent.append("teardown"))
    with app.test_client() as client:
        client.get("/?a=1")
        assert (g.kept, request.args["a"], sent) == ("yes", "1", ["teardown"])
    assert not request


def test_the_request_context_is_copied_for_another_thread(app):
    def view():
        g.value = "parent"

        @flask.copy_current_request_context
        def work():
            return f"{request.args['a']} {request.endpoint} {'value' in g}"

        with ThreadPoolExecutor(1) as pool:
            return pool.submit(work).result()

    page(app, view=view)
    assert ask(app, "/?a=1").text == "1 page False"


def test_a_stream_keeps_its_context(app):
    def view():
        @flask.stream_with_context
        def stream():
            yield "a="
            yield request.args["a"]

        return app.response_class(stream(), mimetype="text/csv")

    page(app, view=view)
    answer = ask(app, "/?a=1")
    assert (answer.text, answer.mimetype, "Content-Length" in answer.headers) == ("a=1", "text/csv", False)


# Hooks


def test_hooks_run_in_flasks_order(app, sent):
    room = flask.Blueprint("room", "room")
    for name, scaffold in (("app", app), ("room", room)):
        scaffold.before_request(lambda name=name: sent.append(f"before {name}"))
        scaffold.after_request(lambda response, name=name: sent.append(f"after {name}") or response)
        scaffold.teardown_request(lambda error, name=name: sent.append(f"teardown {name}"))
        scaffold.url_value_preprocessor(lambda endpoint, values, name=name: sent.append(f"values {name} {endpoint}"))
    app.teardown_appcontext(lambda error: sent.append("teardown context"))
    room.add_url_rule("/", "page", lambda: sent.append("view") or "page")
    app.register_blueprint(room)
    app.test_client().get("/")
    assert sent == [
        "values app room.page", "values room room.page", "before app", "before room", "view",
        "after room", "after app", "teardown room", "teardown app", "teardown context",
    ]  # fmt: skip


def test_hooks_of_a_blueprint_leave_other_pages_alone(app, sent):
    room = flask.Blueprint("room", "room", url_prefix="/room")
    room.before_request(lambda: sent.append("before"))
    room.after_request(lambda response: sent.append("after") or response)
    room.teardown_request(lambda error: sent.append("teardown"))
    room.add_url_rule("/", "page", lambda: "room")
    app.register_blueprint(room)
    page(app)
    sent.clear()
    assert ask(app).text == "page"
    assert sent == []
    assert app.test_client().get("/room/").text == "room"
    assert sent == ["before", "after", "teardown"]


def test_hooks_registered_when_the_route_is_remembered_already_run(app, sent):
    page(app)
    app.before_request(lambda: sent.append("before"))
    app.after_request(lambda response: sent.append("after") or response)
    app.teardown_request(lambda error: sent.append("teardown"))
    app.teardown_appcontext(lambda error: sent.append("teardown context"))
    app.test_client().get("/")
    assert sent == ["before", "after", "teardown", "teardown context"]


def test_setting_up_after_the_first_request_is_refused(app):
    page(app)
    ask(app)
    with pytest.raises(AssertionError, match="can no longer be called"):
        app.add_url_rule("/late", "late", lambda: "late")
    with pytest.raises(AssertionError, match="can no longer be called"):
        app.before_request(lambda: None)


def test_a_before_request_that_answers_keeps_the_view_from_running(app, sent):
    page(app, view=lambda: sent.append("view"))
    app.before_request(lambda: ("stopped", 418))
    app.after_request(lambda response: sent.append("after") or response)
    answer = app.test_client().get("/")
    assert (answer.status_code, answer.text, sent) == (418, "stopped", ["after"])


def test_a_url_value_preprocessor_may_take_an_argument_away(app):
    app.url_value_preprocessor(lambda endpoint, values: setattr(g, "lang", values.pop("lang", "none")))
    page(app, "/<lang>/", lambda: g.lang)
    page(app, "/", lambda: g.lang, endpoint="root")
    assert (ask(app, "/pl/").text, ask(app, "/").text) == ("pl", "none")


def test_view_arguments_written_by_a_hook_are_gone_at_the_next_request(app):
    app.url_value_preprocessor(lambda endpoint, values: values.update(count=values.get("count", 0) + 1))
    page(app, "/", lambda count: f"{count}")
    assert ask(app).text == "1"


def test_after_this_request_runs_for_this_request_only(app):
    def view():
        if request.args:
            flask.after_this_request(lambda response: response.headers.set("X-Once", "yes") or response)
        return "page"

    page(app, view=view)
    client = app.test_client()
    assert [client.get(path).headers.get("X-Once") for path in ("/?a=1", "/")] == ["yes", None]


def test_after_request_may_replace_the_response(app):
    page(app)
    app.after_request(lambda response: app.response_class("instead of " + response.get_data(as_text=True), 201))
    answer = ask(app)
    assert (answer.status_code, answer.text) == (201, "instead of page")


@pytest.mark.parametrize("propagate", [True, False])
def test_teardown_gets_the_exception_that_no_handler_took(app, sent, propagate):
    failure = ZeroDivisionError()

    def view():
        raise failure

    page(app, view=view)
    app.config["PROPAGATE_EXCEPTIONS"] = propagate
    app.teardown_request(sent.append)
    app.teardown_appcontext(sent.append)
    if propagate:
        with pytest.raises(ZeroDivisionError):
            app.test_client().get("/")
    else:
        assert app.test_client().get("/").status_code == 500
    assert sent == [failure, failure]


def test_teardown_gets_none_when_a_handler_took_the_exception(app, sent):
    page(app, view=lambda: 1 / 0)
    app.register_error_handler(ZeroDivisionError, lambda error: "handled")
    app.teardown_request(sent.append)
    assert app.test_client().get("/").text == "handled"
    assert sent == [None]


def test_teardown_finds_the_exception_by_itself_when_the_context_is_popped_by_hand(app, sent):
    app.teardown_request(sent.append)
    app.teardown_appcontext(sent.append)
    context = app.test_request_context("/")
    context.push()
    failure = NotFound()
    try:
        raise failure
    except NotFound:
        context.pop()
    assert sent == [failure, failure]


def test_teardown_called_by_hand_finds_the_exception_too(app, sent):
    app.teardown_request(sent.append)
    app.teardown_appcontext(sent.append)
    failure = NotFound()
    with app.test_request_context("/"):
        try:
            raise failure
        except NotFound:
            app.do_teardown_request()
            app.do_teardown_appcontext()
            app.do_teardown_request(None)
            app.do_teardown_appcontext(None)
        assert sent == [failure, failure, None, None]


SIGNALS = [
    "appcontext_pushed", "request_started", "request_finished", "request_tearing_down",
    "appcontext_tearing_down", "appcontext_popped",
]  # fmt: skip


def test_signals_connected_after_the_first_request_are_sent(app, sent):
    page(app)
    app.test_client().get("/")
    receivers = {name: lambda sender, name=name, **_: sent.append(name) for name in SIGNALS}
    for name, receiver in receivers.items():
        getattr(flask, name).connect(receiver, app)
    app.test_client().get("/")
    for name, receiver in receivers.items():
        getattr(flask, name).disconnect(receiver)
    app.test_client().get("/")
    assert sent == SIGNALS


def test_an_exception_is_signalled(app, sent):
    page(app, view=lambda: 1 / 0)
    with flask.got_request_exception.connected_to(lambda sender, exception: sent.append(type(exception)), app):
        app.test_client().get("/")
    assert sent == [ZeroDivisionError]


# Errors


def test_error_handlers_are_found_by_code_and_by_class(app):
    def missing_value():
        raise LookupError("value")

    page(app, "/abort", lambda: flask.abort(409))
    page(app, "/raise", missing_value, endpoint="raise")
    app.register_error_handler(404, lambda error: ("no such page", 404))
    app.register_error_handler(409, lambda error: (f"conflict {error.code}", 409))
    app.register_error_handler(LookupError, lambda error: (f"no {error.args[0]}", 400))
    assert [(a.status_code, a.text) for a in (ask(app, "/no"), ask(app, "/abort"), ask(app, "/raise"))] == [
        (404, "no such page"),
        (409, "conflict 409"),
        (400, "no value"),
    ]


def test_the_error_handler_of_a_blueprint_is_its_own(app):
    room = flask.Blueprint("room", "room", url_prefix="/room")
    room.add_url_rule("/", "page", lambda: flask.abort(404))
    room.register_error_handler(404, lambda error: ("room", 404))
    app.register_blueprint(room)
    page(app, view=lambda: flask.abort(404))
    app.register_error_handler(404, lambda error: ("app", 404))
    assert (ask(app, "/room/").text, ask(app, "/").text, ask(app, "/room/no").text) == ("room", "app", "app")


def test_abort_with_a_response_sends_that_response(app):
    page(app, view=lambda: flask.abort(app.response_class("enough", 403)))
    assert (ask(app).status_code, ask(app).text) == (403, "enough")


def test_an_unknown_path_is_404_and_a_wrong_method_405_with_allow(app):
    page(app, methods=["GET", "POST"])
    assert ask(app, "/no").status_code == 404
    answer = ask(app, method="DELETE")
    assert (answer.status_code, answer.allow.as_set()) == (405, {"get", "head", "options", "post"})


def test_an_exception_is_500_unless_it_is_to_propagate(app):
    page(app, view=lambda: 1 / 0)
    assert ask(app).status_code == 500
    app.config["PROPAGATE_EXCEPTIONS"] = True
    with pytest.raises(ZeroDivisionError):
        app.test_client().get("/")
    app.config["PROPAGATE_EXCEPTIONS"] = None
    app.testing = True
    with pytest.raises(ZeroDivisionError):
        app.test_client().get("/")


def test_the_handler_of_500_sees_the_original_exception(app):
    page(app, view=lambda: 1 / 0)
    app.register_error_handler(500, lambda error: (type(error.original_exception).__name__, 500))
    assert ask(app).text == "ZeroDivisionError"


def test_a_view_that_returns_nothing_is_a_type_error(app):
    page(app, view=lambda: None)
    app.testing = True
    with pytest.raises(TypeError, match=r"'page' did not return a valid response"):
        app.test_client().get("/")


# Routing


def test_options_and_head_are_automatic(app):
    page(app, view=lambda: app.response_class("page", headers={"X-Page": "1"}))
    options, head = ask(app, method="OPTIONS"), ask(app, method="HEAD")
    assert (options.status_code, options.data, options.allow.as_set()) == (200, b"", {"get", "head", "options"})
    assert (head.data, head.headers["X-Page"], head.headers["Content-Length"]) == (b"", "1", "4")


def test_a_missing_slash_redirects_with_the_query(app):
    page(app, "/here/")
    answer = ask(app, "/here?a=1&b=%C5%BC", base_url="http://localhost/prefix")
    assert (answer.status_code, answer.location) == (308, "http://localhost/prefix/here/?a=1&b=%C5%BC")


@pytest.mark.parametrize("path", ["/a//b", "//a/b", "///a/b", "/a/b/", "/A/b", "/a%2Fb", "/a/b;c", ""])
def test_unusual_spellings_of_a_path_go_where_flask_sends_them(path):
    def answer(kind):
        app = kind("honest")
        page(app, "/a/b", lambda: request.path)
        page(app, "/", lambda: "root", endpoint="root")
        environ = app.test_client().get("/a/b").request.environ | {"PATH_INFO": path, "SCRIPT_NAME": "/prefix"}
        found = []
        for _ in range(2):
            status = []
            body = b"".join(app(dict(environ), lambda line, headers, status=status: status.append((line, headers))))
            found.append((status, body))
        assert found[0] == found[1]
        return found[0]

    assert answer(Application) == answer(Flask)


def test_converters_give_their_arguments_each_time(app):
    page(app, "/<int:number>/<path:rest>", lambda number, rest: f"{number!r} {rest!r}")
    assert ask(app, "/7/a/b").text == "7 'a/b'"
    assert ask(app, "/7/żółw").text == "7 'żółw'"
    assert ask(app, "/8/c").text == "8 'c'"
    assert ask(app, "/x/c").status_code == 404


def test_defaults_of_a_rule_are_arguments(app):
    page(app, "/first", lambda number: f"{number}", defaults={"number": 1})
    app.add_url_rule("/<int:number>", "page")
    assert ask(app, "/first").text == "1"
    assert (ask(app, "/1").status_code, ask(app, "/1").location, ask(app, "/2").text) == (
        308,
        "http://localhost/first",
        "2",
    )


def test_what_a_hook_writes_into_the_request_does_not_move_other_requests(app):
    def view():
        request.path, request.method = "/b", "POST"

        @flask.stream_with_context
        def stream():
            yield request.endpoint

        return app.response_class(stream())

    page(app, "/a", view)
    app.add_url_rule("/b", "b", lambda: "b", methods=["GET", "POST"])
    assert (ask(app, "/a").text, ask(app, "/b", method="POST").text) == ("page", "b")


def test_a_request_class_with_a_method_of_its_own_does_not_move_requests(app):
    class Shouting(flask.Request):
        method = property(lambda self: "POST", lambda self, value: None)

    app.add_url_rule("/", "got", lambda: "got", methods=["GET"])
    app.add_url_rule("/", "posted", lambda: "posted", methods=["POST"])
    app.request_class = Shouting
    assert [ask(app, method=method).text for method in ("GET", "POST", "GET")] == ["got", "posted", "got"]


def test_the_same_path_has_another_view_for_another_method(app):
    page(app, view=lambda: "got", methods=["GET"])
    page(app, view=lambda: "posted", methods=["POST"], endpoint="post")
    assert (ask(app).text, ask(app, method="POST").text, ask(app).text) == ("got", "posted", "got")


def test_middleware_may_override_the_method(app):
    page(app, view=lambda: request.method, methods=["GET", "PUT"])
    inner = app.wsgi_app

    def override(environ, start_response):
        environ["REQUEST_METHOD"] = environ.get("HTTP_X_HTTP_METHOD_OVERRIDE", environ["REQUEST_METHOD"])
        return inner(environ, start_response)

    app.wsgi_app = override
    assert (ask(app).text, ask(app, headers={"X-HTTP-Method-Override": "PUT"}).text) == ("GET", "PUT")


def test_the_host_is_no_matter_unless_host_matching_is_on(kind):
    app = kind("honest")
    page(app)
    assert ask(app, base_url="http://a.example").text == "page"
    assert ask(app, base_url="http://b.example").text == "page"


def test_with_host_matching_each_host_has_its_pages(kind):
    app = kind("honest", host_matching=True, static_folder=None)
    for name in ("a", "b"):
        app.add_url_rule("/", name, lambda name=name: name, host=f"{name}.example")
    answers = [ask(app, base_url=f"http://{name}.example") for name in "aba"]
    assert [answer.text for answer in answers] == ["a", "b", "a"]
    assert ask(app, base_url="http://c.example").status_code == 404


def test_with_subdomain_matching_each_subdomain_has_its_pages(kind):
    app = kind("honest", subdomain_matching=True)
    app.config["SERVER_NAME"] = "example.com"
    app.add_url_rule("/", "root", lambda: "root")
    app.add_url_rule("/", "api", lambda: "api", subdomain="api")
    answers = [
        ask(app, base_url=url).text for url in ("http://example.com", "http://api.example.com", "http://example.com")
    ]
    assert answers == ["root", "api", "root"]


def test_a_websocket_rule_is_not_a_page(app):
    page(app)
    app.url_map.add(Rule("/socket", endpoint="socket", websocket=True))
    app.view_functions["socket"] = lambda: "socket"
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket"}
    assert [ask(app, path, headers=headers).status_code for path in ("/", "/socket") for headers in ({}, upgrade)] == [
        200, 400, 400, 200,
    ]  # fmt: skip


def test_a_rule_added_when_the_memo_is_warm_is_found_and_goes_first(app):
    app.url_map.add(Rule("/any", endpoint="any", methods=["GET"]))
    app.url_map.add(Rule("/<name>", endpoint="name"))
    app.view_functions |= {"any": lambda: "any", "name": lambda name: f"name {name}", "post": lambda: "post"}
    assert (ask(app, "/any").text, ask(app, "/new").text) == ("any", "name new")
    app.url_map.add(Rule("/new", endpoint="any"))
    app.url_map.add(Rule("/any", endpoint="post", methods=["POST"]))
    assert (ask(app, "/new").text, ask(app, "/any", method="POST").text, ask(app, "/any").text) == (
        "any",
        "post",
        "any",
    )


def test_each_rule_that_is_added_empties_the_memo(ours):
    page(ours, "/known")
    assert list(ours.url_map.found) == [("GET", "/known")]
    ours.add_url_rule("/another", "another", lambda: "another")
    assert ours.url_map.found == {}


def test_what_is_matched_while_a_rule_is_added_is_not_remembered(ours):
    page(ours, "/known")
    ours.add_url_rule("/another", "another")
    match = ours.url_map._matcher.match

    def add_meanwhile(*arguments):
        found = match(*arguments)
        ours.url_map.add(Rule("/meanwhile", endpoint="meanwhile"))
        return found

    ours.url_map._matcher.match = add_meanwhile
    with ours.test_request_context("/known"):
        assert request.endpoint == "page"
    assert ours.url_map.found == {}


def test_a_view_replaced_in_the_table_of_views_is_the_one_that_runs(app):
    page(app)
    ask(app)
    app.view_functions["page"] = lambda: "another"
    assert ask(app).text == "another"


def test_the_memo_holds_what_was_found_with_texts_for_arguments_and_is_emptied_at_256(ours):
    page(ours, "/static")
    page(ours, "/by/<name>", endpoint="by")
    page(ours, "/at/<int:number>", endpoint="at")
    client = ours.test_client()
    for number in range(300):
        client.get(f"/by/{number}")
        client.get(f"/at/{number}")
        client.get(f"/nothing/{number}")
        client.get("/static", headers={"Host": f"{number}.example"})
    assert sorted(ours.url_map.found) == sorted([("GET", "/static"), *(("GET", f"/by/{n}") for n in range(255, 300))])


def test_a_view_that_changes_its_arguments_changes_no_other_requests(app):
    class Listed(BaseConverter):
        def to_python(self, value):
            return [value]

    def view(**arguments):
        request.view_args["name"] = "changed"
        arguments["names"].append("changed")
        return f"{request.view_args['names'][:-1]} {arguments['name']}"

    app.url_map.converters["listed"] = Listed
    page(app, "/by/<name>/<listed:names>", view)
    assert [ask(app, "/by/jan/ewa").text for _ in range(2)] == ["['ewa'] jan"] * 2


def test_methods_and_hosts_made_up_by_strangers_do_not_fill_the_memory(ours):
    ours.url_map.add(Rule("/", endpoint="page"))
    ours.view_functions["page"] = lambda: url_for("page", _external=True)
    client = ours.test_client()
    answers = [client.open("/", method=f"M{n}", headers={"Host": f"{n}.example"}).text for n in range(400)]
    assert answers == [f"http://{n}.example/" for n in range(400)]
    assert (len(ours.url_map.found), len(ours._hosts)) == (144, 144)  # emptied at 256


def test_two_applications_stand_side_by_side(kind):
    apps = [kind("one"), kind("two")]
    for app in apps:
        page(app, view=lambda: current_app.name)
    page(apps[1], "/only-two", endpoint="only")
    assert [ask(app).text for app in apps * 2] == ["one", "two", "one", "two"]
    assert [ask(app, "/only-two").status_code for app in apps] == [404, 200]


def test_one_application_calls_another_within_a_request(kind):
    inner, outer = kind("inner"), kind("outer")
    page(inner, view=lambda: current_app.name)
    page(outer, view=lambda: f"{inner.test_client().get('/').text} {current_app.name}")
    assert ask(outer).text == "inner outer"


# Sessions


def test_a_session_reads_as_empty_and_refuses_to_be_written(app):
    def view():
        assert (dict(session), session.get("a", "none"), "a" in session, bool(session)) == ({}, "none", False, False)
        for write in (
            lambda: session.__setitem__("a", 1),
            lambda: session.setdefault("a", 1),
            lambda: session.update(a=1),
            session.clear,
            lambda: setattr(session, "permanent", True),
            lambda: flask.flash("a"),
        ):
            with pytest.raises(RuntimeError, match="session is unavailable"):
                write()
        return ", ".join(flask.get_flashed_messages()) or "empty"

    page(app, view=view)
    answer = ask(app, headers={"Cookie": "session=forged"})
    assert (answer.text, "Set-Cookie" in answer.headers, "Vary" in answer.headers) == ("empty", False, False)


def test_a_session_cannot_be_merged_into_because_all_requests_share_it(ours):
    with ours.test_request_context("/"), pytest.raises(RuntimeError, match="session is unavailable"):
        flask.globals.request_ctx.session.__ior__({"a": 1})


def test_a_session_interface_of_ones_own_is_used(app):
    app.session_interface = flask.sessions.SecureCookieSessionInterface()
    app.secret_key = "secret"
    page(app, view=lambda: str(session.setdefault("a", 0)) + str(session.update(a=session["a"] + 1) or ""))
    client = app.test_client()
    assert [client.get("/").text for _ in range(3)] == ["0", "1", "2"]


# What a view may return


RETURNS = {
    "str": lambda: "żółw",
    "bytes": lambda: b"\x00\xff",
    "bytearray": lambda: bytearray(b"abc"),
    "dict": lambda: {"a": 1},
    "list": lambda: [1, 2],
    "status": lambda: ("made", 201),
    "headers": lambda: ("made", {"X-A": "1"}),
    "both": lambda: ("made", "201 MADE", [("X-A", "1"), ("X-A", "2")]),
    "response": lambda: flask.Response("own", 202, mimetype="text/csv"),
    "generator": lambda: (part for part in ("a", "b")),
    "redirect": lambda: flask.redirect("/elsewhere"),
    "wsgi": lambda: NotFound("none"),
    "empty": lambda: ("", 204),
    "not modified": lambda: ("", 304),
    "jsonify": lambda: flask.jsonify(a="ż"),
    "template": lambda: flask.render_template_string("{{ request.path }} {{ session|length }} {{ g.none }}"),
}


@pytest.mark.parametrize("name", RETURNS)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_whatever_a_view_returns_goes_out_as_flask_sends_it(name, method):
    def answer(kind):
        app = kind("honest")
        page(app, view=RETURNS[name])
        got = ask(app, method=method)
        return got.status, got.headers, got.data

    assert answer(Application) == answer(Flask)


def as_response():
    return flask.Response(XML.body, XML.status, XML.headers)


def last(response):
    response.headers["X-Last"] = "1"
    return response


def body_read(response):
    response.headers["X-Body"] = response.get_data(as_text=True)
    return response


def body_written(response):
    response.data = response.data + b"<!-- more -->"
    return response


def status_written(response):
    response.status_code = 503
    return response


def headers_replaced(response):
    response.headers = type(response.headers)({"X-Only": "1"})
    return response


def parts_replaced(response):
    response.response = ["ż", b"b"]
    response.headers.pop("Content-Length", None)
    return response


def replaced(response):
    return flask.Response(repr(response), 201)


def cookie_set(response):
    response.set_cookie("a", "1")
    return response


def untouched(response):
    return response


def tagged(response):
    response.add_etag()
    return response.make_conditional(request)


HOOKS = [
    untouched, last, body_read, body_written, status_written, headers_replaced, parts_replaced, cookie_set, tagged,
]  # fmt: skip


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_an_answer_is_a_response_to_after_request(hook, method):
    def answer(app, view):
        page(app, view=view)
        app.after_request(hook)
        got = app.test_client().open("/", method=method)
        return got.status, sorted(set(got.headers.items()) - {("Date", got.headers.get("Date"))}), got.data

    assert answer(Application("honest"), lambda: XML) == answer(Flask("honest"), as_response)


def test_an_answer_may_be_replaced_by_after_request(ours):
    page(ours, view=lambda: XML)
    ours.after_request(replaced)
    assert (ask(ours).status_code, ask(ours).text) == (201, "<AnswerResponse 11 bytes [200 OK]>")


@pytest.mark.parametrize("status", [200, 201, 204, 299, 304, 404, 500, 503])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_status_of_an_answer_goes_out_as_flask_would_write_it(status, method):
    def answer(app, view):
        page(app, view=view)
        got = ask(app, method=method)
        return got.status, sorted(got.headers), got.data

    body = b"" if status in {204, 304} else b"body"
    headers = (("Content-Type", "text/plain"),)
    ours = answer(Application("honest"), lambda: Response(status, headers, body))
    assert ours == answer(Flask("honest"), lambda: flask.Response([body], status, headers))


def test_an_answer_may_come_with_a_status_or_headers_beside_it(ours):
    page(ours, "/status", lambda: (XML, 201))
    page(ours, "/headers", lambda: (XML, {"X-A": "1"}), endpoint="headers")
    page(ours, "/both", lambda: (XML, 202, [("X-A", "2")]), endpoint="both")
    answers = [ask(ours, path) for path in ("/status", "/headers", "/both")]
    assert [(a.status_code, a.headers.get("X-A"), a.data) for a in answers] == [
        (201, None, XML.body),
        (200, "1", XML.body),
        (202, "2", XML.body),
    ]


def test_an_answer_may_come_from_before_request_or_an_error_handler(ours):
    page(ours, view=lambda: flask.abort(404))
    ours.before_request(lambda: XML if request.args else None)
    ours.register_error_handler(404, lambda error: Response(404, XML.headers, b"<no/>"))
    assert (ask(ours, "/?a=1").data, ask(ours, "/").data, ask(ours, "/").status_code) == (b"<response/>", b"<no/>", 404)


def test_the_headers_of_an_answer_are_exact(ours):
    headers = (("X-A", "1"), ("x-a", "2"), ("content-length", "3"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"))
    page(ours, view=lambda: Response(200, headers, b"abc"))
    assert list(ask(ours).headers) == list(headers)


@pytest.mark.parametrize("hook", [untouched, body_read])
def test_a_false_or_missing_header_of_an_answer_stays_so(ours, hook):
    page(ours, view=lambda: Response(200, (("Content-Length", "99"),), b"abc"))
    ours.after_request(hook)
    environ = ours.test_client().get("/").request.environ
    sent = []
    assert b"".join(ours(environ, lambda status, headers: sent.extend(headers))) == b"abc"
    assert (dict(sent)["Content-Length"], "Content-Type" in dict(sent)) == ("99", False)


def test_request_finished_is_told_of_an_answer_as_a_response(ours, sent):
    page(ours, view=lambda: XML)

    def receive(sender, response):
        sent.append((isinstance(response, flask.Response), response.status_code, response.mimetype, response.data))

    with flask.request_finished.connected_to(receive, ours):
        ours.test_client().get("/")
    assert sent == [(True, 200, "text/xml", b"<response/>")]


def test_an_answer_is_a_response_in_all_it_can_do(ours, sent):
    with ours.test_request_context("/"):
        response = flask.make_response(XML)
        assert isinstance(response, AnswerResponse)
        assert ours.make_response(response) is response
        assert (response.content_length, response.is_json, response.is_streamed) == (None, False, False)
        assert copy.copy(response).data == response.data == XML.body
        assert not hasattr(response, "no_such_attribute")
        response.call_on_close(lambda: sent.append("closed"))
    page(ours, view=lambda: response)
    ours.test_client().get("/", buffered=True)
    assert sent == ["closed"]


def test_an_answer_untouched_is_copied_too():
    assert copy.copy(AnswerResponse(XML)).data == XML.body


SLOW = ResponseTiming(delay=1.0, ending=Ending.RESET)


def delivery(app, path="/", method="GET"):
    environ = app.test_client().open(path, method=method).request.environ
    environ.pop(TIMING, None)
    for _ in app(environ, lambda status, headers: None):
        pass
    return environ.get(TIMING)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("hook", [untouched, body_written])
def test_a_delivery_that_is_not_at_once_is_told_to_the_server(ours, hook, method):
    page(ours, "/slow", lambda: Response(200, (), b"abc", SLOW))
    page(ours, "/plain", lambda: XML, endpoint="plain")
    ours.after_request(hook)
    assert (delivery(ours, "/slow", method), delivery(ours, "/plain", method)) == (SLOW, None)


def test_the_delivery_of_an_answer_that_was_not_sent_is_not_told(ours):
    def view():
        ours.make_response(Response(200, (), b"abc", SLOW))
        return 1 / 0

    page(ours, view=view)
    page(ours, "/replaced", lambda: Response(200, (), b"abc", SLOW), endpoint="replaced")
    ours.after_request(lambda response: replaced(response) if request.path == "/replaced" else response)
    assert (delivery(ours), delivery(ours, "/replaced")) == (None, None)


# What a view may read


def test_query_form_files_and_headers_are_read(app):
    def view():
        upload = request.files["file"]
        return {
            "args": request.args.getlist("a"),
            "form": request.form["b"],
            "values": request.values["b"],
            "file": [upload.filename, upload.read().decode()],
            "header": request.headers["X-Header"],
            "cookie": request.cookies["c"],
            "user": request.authorization.username,
            "type": request.mimetype,
        }

    page(app, view=view, methods=["POST"])
    client = app.test_client()
    client.set_cookie("c", "3")
    for _ in range(2):
        answer = client.post(
            "/?a=1&a=ż",
            data={"b": "2", "file": (io.BytesIO(b"content"), "name.txt")},
            headers={"X-Header": "h"},
            auth=("foo", "bar"),
        )
        assert answer.json == {
            "args": ["1", "ż"], "form": "2", "values": "2", "file": ["name.txt", "content"],
            "header": "h", "cookie": "3", "user": "foo", "type": "multipart/form-data",
        }  # fmt: skip


def test_json_is_read_and_bad_json_is_400(app):
    page(app, view=lambda: {"got": request.json}, methods=["POST"])
    assert ask(app, method="POST", json={"a": "ż"}).json == {"got": {"a": "ż"}}
    assert ask(app, method="POST", data="{", content_type="application/json").status_code == 400
    assert ask(app, method="POST", data="{}").status_code == 415


def test_a_big_form_is_read_whole_and_limits_are_heeded(app):
    page(app, view=lambda: str(len(request.form["a"])), methods=["POST"])
    assert ask(app, method="POST", data={"a": "x" * 2_000_000}).text == "2000000"
    app.config["MAX_CONTENT_LENGTH"] = 1000
    assert ask(app, method="POST", data={"a": "x" * 2000}).status_code == 413


def test_raw_bytes_are_read(app):
    page(app, view=lambda: request.get_data() + request.query_string, methods=["POST"])
    assert ask(app, "/?q=%ff", method="POST", data=b"\x00\xff").data == b"\x00\xffq=%ff"


# What is made at the first look


def test_a_request_is_what_the_environ_was_when_it_came(incurious):
    def view():
        changed = {"REQUEST_METHOD": "PUT", "PATH_INFO": "/b", "SCRIPT_NAME": "/c", "QUERY_STRING": "d=1"}
        request.environ.update(changed, REMOTE_ADDR="10.0.0.1", SERVER_NAME="e", **{"wsgi.url_scheme": "ftp"})
        return f"{request.method} {request.url} {request.args['a']} {request.remote_addr} {request.server}"

    page(incurious, "/a", view)
    assert ask(incurious, "/a?a=1").text == "GET http://localhost/a?a=1 1 127.0.0.1 ('localhost', 80)"


def test_the_headers_of_a_request_are_what_the_environ_says_now(incurious):
    def view():
        request.environ["HTTP_X_LATE"] = "yes"
        before = request.headers["X-Late"]
        request.environ["HTTP_X_LATE"] = "later"
        return f"{before} {request.headers['X-Late']} {request.headers.environ is request.environ}"

    page(incurious, view=view)
    assert ask(incurious).text == "yes later True"


def test_what_a_hook_writes_into_a_request_before_anybody_looked_stays(incurious):
    def write():
        request.path, request.method, request.shallow = "/written", "PUT", True

    page(incurious, view=lambda: f"{request.root_path} {request.method} {request.full_path} {request.shallow}")
    incurious.before_request(write)
    assert ask(incurious, "/?a=1").text == " PUT /written?a=1 True"


def test_urls_are_built_for_what_the_environ_was_when_it_came(incurious):
    def view():
        request.environ.update(SCRIPT_NAME="/c", HTTP_HOST="b.example", PATH_INFO="/d")
        return url_for("page", _external=True)

    page(incurious, "/a", view)
    assert ask(incurious, "/a", base_url="http://a.example/p").text == "http://a.example/p/a"


def test_a_context_copied_later_builds_urls_for_what_the_environ_is_by_then(incurious):
    def view():
        request.environ["SCRIPT_NAME"] = "/later"
        with flask.globals.request_ctx.copy():
            return url_for("page", _external=True)

    page(incurious, view=view)
    assert ask(incurious).text == "http://localhost/later/"


def test_a_path_that_a_hook_writes_into_the_adapter_is_matched_when_the_context_is_pushed_again(incurious):
    def view():
        flask.globals.request_ctx.url_adapter.path_info = "/b"

        @flask.stream_with_context
        def stream():
            yield request.endpoint

        return incurious.response_class(stream())

    page(incurious, "/a", view)
    page(incurious, "/b", endpoint="b")
    assert (ask(incurious, "/a").text, ask(incurious, "/b").text) == ("b", "page")


def test_a_missing_path_is_not_taken_for_an_empty_one(kind):
    def answers(app):
        page(app)
        environ = app.test_client().get("/").request.environ | {"SCRIPT_NAME": "/prefix"}
        missing, empty = {key: environ[key] for key in environ if key != "PATH_INFO"}, environ | {"PATH_INFO": ""}
        return [list(app(dict(each), lambda *_: None)) for each in (missing, empty, missing, empty)]

    assert answers(kind("honest")) == answers(Flask("honest"))


def test_a_scheme_of_websockets_is_not_a_page_either(incurious):
    page(incurious)
    environ = incurious.test_client().get("/").request.environ
    for scheme, expected in (("ws", "400"), ("http", "200"), ("wss", "400"), ("https", "200")):
        for _ in range(2):
            status = []
            for _ in incurious(
                {**environ, "wsgi.url_scheme": scheme}, lambda line, headers, status=status: status.append(line)
            ):
                pass
            assert status[0].startswith(expected)


def test_a_request_has_no_attribute_but_those_of_flask(incurious):
    with incurious.test_request_context("/"):
        assert not hasattr(request, "no_such_attribute")
        with pytest.raises(AttributeError, match=r"object has no attribute 'no_such_attribute'"):
            request.no_such_attribute  # noqa: B018
        assert not hasattr(flask.globals.request_ctx.url_adapter, "no_such_attribute")


def test_a_property_that_fails_says_why(incurious):
    class Failing(incurious.request_class):
        broken = property(lambda self: self.path.no_such_method())

    incurious.request_class = Failing
    with (
        incurious.test_request_context("/"),
        pytest.raises(AttributeError, match=r"'str' object has no attribute 'no_such_m"),
    ):
        request.broken  # noqa: B018


def test_a_request_and_an_adapter_may_be_copied_before_and_after_the_first_look(incurious):
    page(incurious, "/a")
    for _ in range(2):
        with incurious.test_request_context("/a?a=1"):
            context = flask.globals.request_ctx
            copies = [(copy.copy(context.request), copy.copy(context.url_adapter))]
            assert (context.request.path, context.url_adapter.path_info) == ("/a", "/a")
            copies.append((copy.copy(context.request), copy.copy(context.url_adapter)))
        for each, adapter in copies:
            assert (each.full_path, each.method, adapter.match(), adapter.build("page")) == (
                "/a?a=1", "GET", ("page", {}), "/a",
            )  # fmt: skip


def test_a_subclass_of_the_request_finds_all_in_place_from_the_start(incurious, sent):
    class Noting(incurious.request_class):
        def __init__(self, environ):
            super().__init__(environ)
            sent.append({"method", "path", "query_string", "headers", "remote_addr", "shallow"} <= vars(self).keys())

    incurious.request_class = Noting
    page(incurious)
    sent.clear()
    assert (ask(incurious).text, sent) == ("page", [True, True])


def test_a_request_may_be_shallow_or_keep_out_of_the_environ(incurious):
    environ = incurious.test_client().get("/").request.environ
    environ.pop("werkzeug.request", None)
    hidden = incurious.request_class(environ, populate_request=False)
    assert (hidden.path, "werkzeug.request" in environ) == ("/", False)
    with pytest.raises(RuntimeError, match="created with 'shallow=True'"):
        incurious.request_class(environ, shallow=True).stream  # noqa: B018


def test_the_environ_knows_its_request_while_it_is_answered(incurious):
    page(incurious, view=lambda: str(request.environ["werkzeug.request"] is request._get_current_object()))
    environ = incurious.test_client().get("/").request.environ
    assert list(incurious(environ, lambda *_: None)) == [b"True"]
    assert environ["werkzeug.request"] is None


@pytest.mark.parametrize("looks", [True, False])
def test_a_request_is_gone_when_it_is_answered_without_the_garbage_collectors_help(incurious, sent, looks):
    def view():
        sent.append(weakref.ref(flask.globals.request_ctx._get_current_object()))
        sent.append(weakref.ref(request._get_current_object()))
        return url_for("page", _external=True) + request.path if looks else "page"

    page(incurious, view=view)
    environ = incurious.test_client().get("/").request.environ
    sent.clear()
    gc.disable()
    try:
        list(incurious(environ, lambda *_: None))
        assert [each() for each in sent] == [None, None]
    finally:
        gc.enable()


def test_another_response_may_be_given_the_class_of_an_answer(ours):
    with ours.test_request_context("/"):
        forced = AnswerResponse.force_type(flask.Response("forced", 201))
    page(ours, view=lambda: forced)
    answer = ours.test_client().get("/")
    assert (answer.status_code, answer.text) == (201, "forced")


def test_a_request_is_looked_at_first_by_another_thread_or_when_all_is_over(incurious):
    def view():
        @flask.copy_current_request_context
        def work():
            return f"{request.full_path} {url_for('page', _external=True)}"

        with ThreadPoolExecutor(1) as pool:
            return pool.submit(work).result()

    page(incurious, "/a", view)
    page(incurious, "/b", endpoint="b")
    assert ask(incurious, "/a?a=1").text == "/a?a=1 http://localhost/a"
    with incurious.test_client() as client:
        client.get("/b?b=1")
        assert (request.full_path, request.endpoint, url_for("b", _external=True)) == (
            "/b?b=1",
            "b",
            "http://localhost/b",
        )


def test_nobody_makes_what_nobody_looks_at(ours, sent):
    def view():
        context = flask.globals.request_ctx._get_current_object()
        sent.append(("path" in vars(context.request), "path_info" in vars(context.url_adapter)))
        return XML

    ours.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    page(ours, view=view)
    ask(ours)
    assert sent == [(False, False)] * 2


# Nobody is told, nobody is asked


@pytest.mark.parametrize("name", SIGNALS)
def test_a_signal_is_sent_when_it_is_the_only_one_that_is_received(app, sent, name):
    page(app)
    with getattr(flask, name).connected_to(lambda sender, **_: sent.append(sender), app):
        app.test_client().get("/")
    app.test_client().get("/")
    assert sent == [app]


def test_a_signal_is_received_by_who_connects_while_the_request_is_answered(app, sent):
    def finished(sender, response):
        sent.append("finished")

    def popped(sender):
        sent.append("popped")

    page(app)
    app.after_request(lambda response: flask.request_finished.connect(finished, app) and response)
    app.teardown_appcontext(lambda error: flask.appcontext_popped.connect(popped, app) and None)
    app.test_client().get("/")
    flask.request_finished.disconnect(finished)
    flask.appcontext_popped.disconnect(popped)
    assert sent == ["finished", "popped"]


def test_what_a_subclass_overrides_is_called(kind, sent):
    names = [
        "request_context", "create_url_adapter", "app_context", "full_dispatch_request", "preprocess_request",
        "dispatch_request", "ensure_sync", "finalize_request", "make_response", "process_response",
        "do_teardown_request", "do_teardown_appcontext",
    ]  # fmt: skip

    def override(name):
        def method(self, *arguments, **named):
            sent.append(name)
            return getattr(kind, name)(self, *arguments, **named)

        return method

    app = type("Own", (kind,), {name: override(name) for name in names})("honest")
    page(app, provide_automatic_options=False)
    sent.clear()
    app.test_client().get("/")
    assert list(dict.fromkeys(sent)) == names


@pytest.mark.parametrize("name", ["preprocess_request", "dispatch_request", "process_response"])
def test_what_needs_a_request_says_so_outside_of_one(app, name):
    arguments = [flask.Response()] if name == "process_response" else []
    with pytest.raises(RuntimeError, match=r"Working outside of request context"):
        getattr(app, name)(*arguments)


def test_a_context_of_the_app_may_be_pushed_twice_and_is_torn_down_once(kind, sent):
    class Noting(kind):
        def do_teardown_appcontext(self, exc):
            sent.append(exc)

    context = Noting("honest").app_context()
    for left in ([None], [None, None]):
        context.push()
        context.push()
        context.pop()
        assert bool(current_app)
        context.pop()
        assert (bool(current_app), sent) == (False, left)


@pytest.mark.parametrize("is_torn_down", [True, False])
def test_a_context_of_the_app_that_is_not_on_top_is_not_popped_unnoticed(app, is_torn_down):
    if is_torn_down:
        app.teardown_appcontext(lambda error: None)
    below, above = app.app_context(), app.app_context()
    below.push()
    above.push()
    with pytest.raises(AssertionError, match=r"Popped wrong app context"):
        below.pop()


@pytest.mark.parametrize("is_signalled", [True, False])
def test_a_context_of_the_app_that_a_teardown_leaves_behind_is_noticed(app, is_signalled):
    left = app.app_context()

    def leave(sender=None, exc=None):
        left.push()

    if not is_signalled:
        app.teardown_appcontext(leave)
    listening = flask.appcontext_tearing_down.connected_to(leave, app) if is_signalled else nullcontext()
    context = app.app_context()
    context.push()
    with listening, pytest.raises(AssertionError, match=r"Popped wrong app context"):
        context.pop()


def test_a_context_of_the_app_is_popped_when_its_teardown_fails(kind, sent):
    class Failing(kind):
        def do_teardown_appcontext(self, exc):
            sent.append(exc)
            raise ZeroDivisionError

    context = Failing("honest").app_context()
    context.push()
    failure = NotFound()
    try:
        raise failure
    except NotFound:
        with pytest.raises(ZeroDivisionError):
            context.pop()
    assert (bool(current_app), sent) == (False, [failure])


def test_a_hook_may_say_that_nothing_was_found(incurious):
    page(incurious)
    incurious.before_request(lambda: setattr(request, "routing_exception", NotFound()) if request.args else None)
    assert (ask(incurious).status_code, ask(incurious, "/?a=1").status_code) == (200, 404)


def test_a_hook_that_takes_the_arguments_of_a_view_away_has_failed(incurious):
    page(incurious)
    incurious.before_request(lambda: setattr(request, "view_args", None))
    assert ask(incurious).status_code == 500


def test_a_failing_after_request_does_not_keep_an_error_from_being_answered(app, sent):
    def fail(response):
        sent.append(response.status_code)
        raise ZeroDivisionError

    page(app)
    app.after_request(fail)
    assert app.test_client().get("/").status_code == 500
    assert sent == [200, 500]


def test_an_answer_stays_one_whatever_class_other_responses_are_of(ours):
    class Own(flask.Response):
        pass

    ours.response_class = Own
    page(ours, "/plain", lambda: "plain")
    page(ours, "/answer", lambda: XML, endpoint="answer")
    page(ours, "/response", lambda: AnswerResponse(Response(202, (), b"abc", SLOW)), endpoint="response")
    kinds = []
    ours.after_request(lambda response: kinds.append(type(response)) or response)
    answers = [ask(ours, path) for path in ("/plain", "/answer", "/response")]
    assert [(answer.status_code, answer.data) for answer in answers] == [
        (200, b"plain"),
        (200, XML.body),
        (202, b"abc"),
    ]
    assert kinds == [Own, Own, *[AnswerResponse] * 4]
    assert delivery(ours, "/response") == SLOW


STEPS = {
    flask.ctx.AppContext.push: "_cv_tokens append _cv_app set appcontext_pushed send app ensure_sync",
    flask.ctx.AppContext.pop: (
        "len _cv_tokens _sentinel sys exc_info app do_teardown_appcontext _cv_app get reset pop AssertionError "
        "appcontext_popped send ensure_sync"
    ),
    flask.ctx.RequestContext.match_request: "url_adapter match request url_rule view_args HTTPException routing_exception",
    Flask.app_context: "AppContext",
    Flask.request_context: "RequestContext",
    Flask.create_url_adapter: (
        "config trusted_hosts get_host environ host url_map host_matching subdomain_matching default_subdomain "
        "bind_to_environ bind"
    ),
    Flask.full_dispatch_request: (
        "_got_first_request request_started send ensure_sync preprocess_request dispatch_request Exception "
        "handle_user_exception finalize_request"
    ),
    Flask.dispatch_request: (
        "request_ctx request routing_exception raise_routing_exception url_rule getattr method "
        "make_default_options_response view_args ensure_sync view_functions endpoint"
    ),
    Flask.finalize_request: (
        "make_response process_response request_finished send ensure_sync Exception logger exception"
    ),
    Flask.preprocess_request: (
        "reversed request blueprints url_value_preprocessors endpoint view_args before_request_funcs ensure_sync"
    ),
    Flask.process_response: (
        "request_ctx _get_current_object _after_request_functions ensure_sync chain request blueprints after_request_funcs "
        "reversed session_interface is_null_session _session save_session"
    ),
    Flask.do_teardown_request: (
        "_sentinel sys exc_info chain request blueprints teardown_request_funcs reversed ensure_sync request_tearing_down send"
    ),
    Flask.do_teardown_appcontext: (
        "_sentinel sys exc_info reversed teardown_appcontext_funcs ensure_sync appcontext_tearing_down send"
    ),
    Flask.ensure_sync: "iscoroutinefunction async_to_sync",
    WerkzeugRequest.__init__: "__init__ get _get_server _wsgi_decoding_dance encode EnvironHeaders environ shallow",
    WerkzeugRequest.close: "__dict__ get iter_multi_items close",
}
"""The names they use: one that does more or something else has to be read again, and so has its shortcut."""


@pytest.mark.parametrize("method", STEPS, ids=lambda method: method.__qualname__)
def test_a_method_that_has_a_shortcut_takes_the_steps_it_took_when_that_was_written(method):
    assert set(method.__code__.co_names) - {"super"} == set(STEPS[method].split())


# The process around it


def test_eight_threads_get_their_own_answers(app):
    def view():
        g.number = request.args["n"]
        if "late" in request.args:
            flask.after_this_request(lambda response: response.headers.set("X-N", g.number) or response)
        return f"{g.number} {request.args['n']} {url_for('page', _external=True)}"

    app.add_url_rule("/", "page", view)

    def work(thread):
        client = app.test_client()
        got = [client.get(f"/?n={thread}.{n}&late", base_url=f"http://{thread}.example") for n in range(25)]
        return [(answer.text, answer.headers["X-N"]) for answer in got]

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(work, range(8)))
    assert found == [[(f"{t}.{n} {t}.{n} http://{t}.example/", f"{t}.{n}") for n in range(25)] for t in range(8)]


def test_a_static_folder_is_served_only_when_asked_for(tmp_path):
    (tmp_path / "file.txt").write_text("content")
    assert Application("honest").static_folder is None
    served = (
        Application("honest", static_folder=tmp_path, static_url_path="/files").test_client().get("/files/file.txt")
    )
    with served:
        assert served.text == "content"


def test_neither_server_nor_date_is_ours(app):
    page(app)
    assert {"Server", "Date"}.isdisjoint(ask(app).headers.keys())
