"""LiteLLM tells outaged what every real request met. In LiteLLM's proxy configuration, with this file beside it:

    litellm_settings:
      callbacks: litellm_outaged.outaged

OUTAGED is outaged's address, SOURCE names this proxy (each is a vantage of its own), and COMPONENTS says which provider is
which component: "anthropic=claude/api,openai=openai/api". What no component is named for is not reported.

Rows are put together for a second and sent by a thread of their own: a request never waits, and if outaged cannot be
reached, what it would have been told is dropped.
"""
import collections
import json
import os
import threading
import urllib.request

try:
    from litellm.integrations.custom_logger import CustomLogger
except ImportError:  # to try it without LiteLLM
    CustomLogger = object

# LiteLLM's exceptions that tell more than a status: by the name of their class.
CLASSES = {"Timeout": "timeout_before_first_byte", "APIConnectionError": "tcp_refused", "RateLimitError": "rate_limited",
           "ContextWindowExceededError": "bad_request", "ContentPolicyViolationError": "bad_request", "BudgetExceededError": "account"}


class Outaged(CustomLogger):
    def __init__(self, address=None, source=None, components=None, every=1.0):
        super().__init__()
        self.address = address or os.environ.get("OUTAGED", "http://127.0.0.1:9721")
        self.source = source or os.environ.get("SOURCE", "litellm")
        pairs = components or os.environ.get("COMPONENTS", "")
        self.components = pairs if isinstance(pairs, dict) else dict(pair.split("=", 1) for pair in pairs.split(",") if "=" in pair)
        self.every, self.dropped = every, 0
        self._rows, self._due = collections.deque(maxlen=10_000), threading.Event()
        self._done = threading.Event()
        threading.Thread(target=self._send_for_ever, daemon=True, name="outaged").start()

    # LiteLLM calls one pair or the other, depending on how it was asked.
    def log_success_event(self, kwargs, response_obj, start_time, end_time):
        self._note(kwargs, response_obj, start_time, end_time, None)

    def log_failure_event(self, kwargs, response_obj, start_time, end_time):
        self._note(kwargs, response_obj, start_time, end_time, kwargs.get("exception"))

    async def async_log_success_event(self, kwargs, response_obj, start_time, end_time):
        self._note(kwargs, response_obj, start_time, end_time, None)

    async def async_log_failure_event(self, kwargs, response_obj, start_time, end_time):
        self._note(kwargs, response_obj, start_time, end_time, kwargs.get("exception"))

    def _note(self, kwargs, response, start, end, exception):
        provider = kwargs.get("custom_llm_provider") or (kwargs.get("litellm_params") or {}).get("custom_llm_provider")
        component = self.components.get(provider)
        if not component:
            return
        row = {"component": component, "source": self.source, "at": end.timestamp(),
               "latency_ms": max(0.0, (end - start).total_seconds() * 1000)}
        model = str(kwargs.get("model") or "")
        if model:
            row["model"] = "".join(c if c.isascii() and (c.isalnum() or c in "._-:/@+") else "_" for c in model)[:100]
        if exception is None and kwargs.get("exception") is None:
            row["outcome"] = "ok"
        else:
            exception = exception or kwargs["exception"]
            status = getattr(exception, "status_code", None)
            known = CLASSES.get(type(exception).__name__)
            if known:
                row["class"] = known
            elif isinstance(status, int) and 100 <= status <= 599:
                row["status"] = status
            else:
                row["outcome"] = "fail"
        request_id = (getattr(response, "id", None) if exception is None else
                      (getattr(getattr(exception, "response", None), "headers", None) or {}).get("request-id"))
        if isinstance(request_id, str):
            row["request_id"] = request_id
        if len(self._rows) == self._rows.maxlen:
            self.dropped += 1
        self._rows.append(row)
        self._due.set()

    def _send_for_ever(self):
        while not self._done.is_set():
            self._due.wait()
            self._done.wait(self.every)
            self.flush()

    def flush(self):
        """Sends what there is; how many rows outaged took."""
        self._due.clear()
        rows = []
        while self._rows and len(rows) < 5_000:
            rows.append(self._rows.popleft())
        if self._rows:
            self._due.set()
        if not rows:
            return 0
        body = "\n".join(json.dumps(row) for row in rows).encode()
        request = urllib.request.Request(self.address + "/api/v1/observations", body, {"Content-Type": "application/x-ndjson"})
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return json.load(answer)["accepted"]
        except (OSError, ValueError, KeyError):  # outaged is away: the application must not notice
            self.dropped += len(rows)
            return 0


# Made when LiteLLM first asks for it, so that reading this file starts no thread.
def __getattr__(name):
    if name != "outaged":
        raise AttributeError(name)
    globals()["outaged"] = Outaged()
    return globals()["outaged"]
