#include "probes/llm/judge.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/probes/llm_streams.h"

namespace outaged::probes::llm {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Case {
  std::string wire;
  int status;
  std::string body;
  Class cls;
  Headers headers = {};
  std::optional<Fault> fault = std::nullopt;    // nullopt: the class's own
  std::optional<Counts> counts = std::nullopt;
};

LlmAttribution judge(const Case& row, LlmExpectation expectation = {}) {
  Response response;
  response.status = row.status;
  response.body = row.body;
  response.headers = row.headers;
  const Wire* wire = find_wire(row.wire);
  REQUIRE(wire);
  return attribute_llm(*wire, response, expectation);
}

void check(const std::vector<Case>& table) {
  for (const Case& row : table) {
    const LlmAttribution out = judge(row);
    CAPTURE(row.wire);
    CAPTURE(row.status);
    CAPTURE(row.body);
    CAPTURE(out.evidence.detail);
    CHECK(to_string(out.cls) == to_string(row.cls));
    CHECK(to_string(fault_of(out)) == to_string(row.fault.value_or(info(row.cls).fault)));
    CHECK(to_string(counts_of(out)) == to_string(row.counts.value_or(info(row.cls).counts)));
  }
}

std::string error(const std::string& inner) { return "{\"error\":" + inner + "}"; }
std::string anthropic_error(const std::string& type, const std::string& message = "m") {
  return R"({"type":"error","error":{"type":")" + type + R"(","message":")" + message + R"("},"request_id":"req_1"})";
}

const Headers html = {{"content-type", "text/html"}};

}  // namespace

TEST_CASE("llm judge: Anthropic, by type, status and money") {
  const Headers id = {{"request-id", "req_1"}};
  check({
      {"anthropic", 200, R"({"type":"message","content":[],"stop_reason":"max_tokens","usage":{"input_tokens":1}})", Class::ok},
      {"anthropic", 200, R"({"type":"message","content":[],"stop_reason":"refusal"})", Class::ok},
      {"anthropic", 200, R"({"input_tokens":14})", Class::ok},
      {"anthropic", 200, R"({"data":[{"type":"model","id":"m"}],"has_more":false})", Class::ok},
      {"anthropic", 200, R"({"type":"message","content":[],"stop_reason":null})", Class::unexpected_content},
      {"anthropic", 200, R"({"type":"message","content":[],"stop_reason":null})", Class::unexpected_content, id, Fault::provider},
      {"anthropic", 200, "", Class::unexpected_content, id, Fault::provider},
      {"anthropic", 200, "{}", Class::unexpected_content},
      {"anthropic", 204, "", Class::unexpected_content},
      {"anthropic", 200, anthropic_error("overloaded_error"), Class::overloaded},
      {"anthropic", 400, anthropic_error("invalid_request_error"), Class::bad_request},
      {"anthropic", 400, anthropic_error("invalid_request_error", "You have reached your specified API usage limits."), Class::account},
      {"anthropic", 400, anthropic_error("invalid_request_error", "This organization has been disabled."), Class::account},
      {"anthropic", 401, anthropic_error("authentication_error", "invalid x-api-key"), Class::auth},
      {"anthropic", 402, anthropic_error("billing_error"), Class::account},
      {"anthropic", 403, anthropic_error("permission_error"), Class::auth},
      {"anthropic", 403, "Request not allowed", Class::access_blocked},
      {"anthropic", 404, anthropic_error("not_found_error"), Class::not_found},
      {"anthropic", 405, "", Class::bad_request},
      {"anthropic", 409, anthropic_error("conflict_error"), Class::bad_request},
      {"anthropic", 413, anthropic_error("request_too_large"), Class::bad_request},
      {"anthropic", 429, anthropic_error("rate_limit_error"), Class::rate_limited},
      {"anthropic", 429, R"({"type":"error","error":{"type":"rate_limit_error","message":"m","details":{"error_code":"enforced_spend_limit_reached"}}})", Class::account},
      {"anthropic", 500, anthropic_error("api_error"), Class::server_error},
      {"anthropic", 500, anthropic_error("api_error", "Overloaded"), Class::overloaded},
      {"anthropic", 504, anthropic_error("timeout_error"), Class::server_error},
      {"anthropic", 529, "", Class::overloaded},
      {"anthropic", 529, anthropic_error("overloaded_error"), Class::overloaded},
      {"anthropic", 502, "", Class::edge_error},
      {"anthropic", 503, "", Class::edge_error},
      {"anthropic", 503, "Service Unavailable", Class::edge_error},
      {"anthropic", 520, "", Class::edge_error},
  });
}

TEST_CASE("llm judge: OpenAI and Azure") {
  check({
      {"openai", 401, error(R"({"message":"Incorrect API key provided","type":"invalid_request_error","code":"invalid_api_key"})"), Class::auth},
      {"openai", 401, error(R"({"message":"m","type":"invalid_request_error","code":"ip_not_authorized"})"), Class::access_blocked},
      {"openai", 401, error(R"({"message":"auth error code: some_service_circuit_open","type":"x"})"), Class::auth, {}, {}, Counts::maybe},
      {"openai", 403, error(R"({"code":"unsupported_country_region_territory","message":"Country, region, or territory not supported","type":"request_forbidden"})"), Class::access_blocked},
      {"openai", 403, error(R"({"code":"model_not_found","message":"Project has no access to model","type":"invalid_request_error"})"), Class::not_found},
      {"openai-responses", 400, error(R"({"code":"model_not_found","message":"m","type":"invalid_request_error"})"), Class::not_found},
      {"openai", 400, error(R"({"code":"context_length_exceeded","message":"m","type":"invalid_request_error"})"), Class::bad_request},
      {"openai", 429, error(R"({"code":"rate_limit_exceeded","type":"tokens","message":"m"})"), Class::rate_limited},
      {"openai", 429, error(R"({"code":null,"type":"requests","message":"m"})"), Class::rate_limited},
      {"openai", 429, error(R"({"code":"insufficient_quota","type":"insufficient_quota","message":"m"})"), Class::account},
      {"openai", 429, error(R"({"code":"credit_balance_exhausted","message":"m"})"), Class::account},
      {"openai", 429, error(R"({"code":"billing_not_active","message":"m"})"), Class::account},
      {"openai", 429, error(R"({"code":"slow_down","type":"slow_down","message":"m"})"), Class::overloaded},
      {"openai", 429, error(R"({"message":"That model is currently overloaded with other requests.","type":"server_error","code":null})"), Class::overloaded},
      {"openai", 503, error(R"({"code":"slow_down","message":"m"})"), Class::overloaded},
      {"openai", 503, error(R"({"message":"m","type":"service_unavailable_error","code":"server_is_overloaded"})"), Class::overloaded},
      {"openai", 503, error(R"({"message":"The engine is not ready","type":"server_error"})"), Class::overloaded},
      {"openai", 502, error(R"({"code":502,"message":"Bad gateway.","param":null,"type":"cf_bad_gateway"})"), Class::edge_error},
      {"openai", 404, "404 page not found", Class::not_found},
      {"openai", 200, R"({"choices":[{"message":{"content":""},"finish_reason":"length"}]})", Class::ok},
      {"openai", 200, R"({"choices":[]})", Class::unexpected_content},
      {"openai", 200, R"({"object":"list","data":[]})", Class::ok},
      {"openai", 200, "OK", Class::unexpected_content, {{"x-request-id", "r"}}, Fault::provider},
      {"openai", 200, "data: {\"error\":{\"message\":\"m\",\"type\":\"server_error\"}}\n\ndata: [DONE]\n\n", Class::server_error},
      {"openai-responses", 200, R"({"object":"response","status":"incomplete","error":null,"incomplete_details":{"reason":"max_output_tokens"},"usage":{"input_tokens":1}})", Class::ok},
      {"openai-responses", 200, R"({"object":"response","status":"failed","error":{"code":"server_error","message":"m"}})", Class::server_error},
      {"openai-responses", 200, R"({"object":"response","status":"queued","error":null})", Class::unexpected_content},
      {"azure-openai", 401, R"({"statusCode":401,"message":"Access denied due to invalid subscription key."})", Class::auth},
      {"azure-openai", 401, error(R"({"code":"401","message":"Access denied due to invalid subscription key or wrong API endpoint."})"), Class::auth},
      {"azure-openai", 403, error(R"({"code":"AccessDenied","message":"Access denied due to Virtual Network/Firewall rules."})"), Class::access_blocked},
      {"azure-openai", 404, error(R"({"code":"404","message":"Resource not found"})"), Class::not_found},
      {"azure-openai", 408, error(R"({"code":"Timeout","message":"The operation was timeout."})"), Class::server_error},
      {"azure-openai", 429, error(R"({"code":"429","message":"The system is currently experiencing high demand and cannot process your request."})"), Class::overloaded},
      {"azure-openai", 429, R"({"statusCode":429,"message":"Rate limit is exceeded. Try again in 5 seconds."})", Class::rate_limited},
      {"azure-openai", 400, error(R"({"code":"content_filter","message":"m","status":400})"), Class::bad_request},
      {"azure-openai", 500, error(R"({"code":"InternalServerError","message":"m"})"), Class::server_error},
  });
}

TEST_CASE("llm judge: Google, with arrays, wrappers and two kinds of 429") {
  const auto google = [](int code, const std::string& status, const std::string& message, const std::string& more = "") {
    return error("{\"code\":" + std::to_string(code) + ",\"message\":\"" + message + "\",\"status\":\"" + status + "\"" + more + "}");
  };
  check({
      {"gemini", 400, google(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", R"(,"details":[{"reason":"API_KEY_INVALID"}])"), Class::auth},
      {"gemini", 400, google(400, "INVALID_ARGUMENT", "Invalid value at contents"), Class::bad_request},
      {"gemini", 400, google(400, "FAILED_PRECONDITION", "User location is not supported for the API use."), Class::access_blocked},
      {"gemini", 400, google(400, "FAILED_PRECONDITION", "Please enable billing on project 1"), Class::account},
      {"gemini", 403, google(403, "PERMISSION_DENIED", "m", R"(,"details":[{"reason":"BILLING_DISABLED"}])"), Class::account},
      {"gemini", 403, google(403, "PERMISSION_DENIED", "m", R"(,"details":[{"reason":"SERVICE_DISABLED"}])"), Class::auth},
      {"gemini", 429, google(429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota)."), Class::rate_limited},
      {"gemini", 503, google(503, "UNAVAILABLE", "Deadline expired before operation could complete."), Class::overloaded},
      {"gemini", 504, google(504, "DEADLINE_EXCEEDED", "m"), Class::server_error},
      {"gemini", 500, google(500, "INTERNAL", "m"), Class::server_error},
      {"gemini", 200, R"({"candidates":[{"finishReason":"MAX_TOKENS"}],"usageMetadata":{"promptTokenCount":2}})", Class::ok},
      {"gemini", 200, R"({"promptFeedback":{"blockReason":"SAFETY"}})", Class::ok},
      {"gemini", 200, R"({"usageMetadata":{"promptTokenCount":2}})", Class::unexpected_content},
      {"gemini", 200, R"({"candidates":[{"content":{"parts":[{"text":"a"}]}}]})", Class::unexpected_content},
      {"gemini", 200, R"({"totalTokens":3})", Class::ok},
      {"gemini", 502, "<html><title>Error 502 (Server Error)!!1</title></html>", Class::edge_error, html},
      {"vertex", 503, "[" + google(503, "UNAVAILABLE", "m") + "]", Class::overloaded},
      {"vertex", 401, "[" + google(401, "UNAUTHENTICATED", "Request had invalid authentication credentials. Expected OAuth 2 access token") + "]", Class::auth},
      {"vertex", 429, google(429, "RESOURCE_EXHAUSTED", "Resource exhausted. Please try again later."), Class::overloaded},
      {"vertex", 429, google(429, "RESOURCE_EXHAUSTED", "Quota exceeded for aiplatform.googleapis.com/x with base model: y."), Class::rate_limited},
      {"vertex-anthropic", 429, google(429, "RESOURCE_EXHAUSTED", "Resource exhausted, please try again later."), Class::overloaded},
      {"vertex", 500, google(429, "RESOURCE_EXHAUSTED", "Quota exceeded"), Class::rate_limited},
      {"vertex", 200, R"({"type":"message","content":[],"stop_reason":"end_turn"})", Class::ok},
      {"vertex", 529, anthropic_error("overloaded_error"), Class::overloaded},
      {"gemini", 500, R"({"error":{"message":"{\"error\":{\"code\":503,\"status\":\"UNAVAILABLE\",\"message\":\"full\"}}","code":500}})", Class::overloaded},
      {"gemini", 429, R"({"error":{"message":"[{\"error\":{\"code\":429,\"status\":\"RESOURCE_EXHAUSTED\",\"message\":\"m\"}}]","code":429,"status":"Too Many Requests"}})", Class::rate_limited},
      {"openai-compatible", 500, R"({"error":{"message":"upstream said: {\"error\":{\"type\":\"overloaded_error\",\"message\":\"m\"}}"}})", Class::overloaded},
      // A message that quotes what we sent is no error document.
      {"openai-compatible", 400, R"({"error":{"message":"cannot parse {\"type\":\"overloaded_error\",\"message\":\"m\"}"}})", Class::bad_request},
  });
}

TEST_CASE("llm judge: Bedrock, whose words stand in a header") {
  const auto typed = [](const std::string& name) { return Headers{{"x-amzn-errortype", name + ":http://internal.amazon.com/x/"}, {"x-amzn-requestid", "r"}}; };
  const std::string message = R"({"message":"m"})";
  check({
      {"bedrock", 200, R"({"output":{"message":{"role":"assistant","content":[]}},"stopReason":"max_tokens","usage":{"inputTokens":1,"outputTokens":1}})", Class::ok},
      {"bedrock-anthropic", 200, R"({"type":"message","content":[],"stop_reason":"end_turn"})", Class::ok},
      {"bedrock", 200, R"({"inputTokens":5})", Class::ok},
      {"bedrock", 200, R"({"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"},"Version":"1.0"})", Class::not_found},
      {"bedrock", 400, message, Class::bad_request, typed("ValidationException")},
      {"bedrock", 403, message, Class::auth, typed("AccessDeniedException")},
      {"bedrock", 403, R"({"message":"Missing Authentication Token"})", Class::auth, typed("MissingAuthenticationTokenException")},
      {"bedrock", 403, message, Class::auth, typed("UnrecognizedClientException")},
      {"bedrock", 404, message, Class::not_found, typed("ResourceNotFoundException")},
      {"bedrock", 404, message, Class::not_found, typed("FTUFormNotFilled")},
      {"bedrock", 408, message, Class::server_error, typed("ModelTimeoutException")},
      {"bedrock", 424, message, Class::server_error, typed("ModelErrorException")},
      {"bedrock", 429, message, Class::overloaded, typed("ModelNotReadyException")},
      {"bedrock", 429, message, Class::rate_limited, typed("ThrottlingException"), Fault::us, Counts::maybe},
      {"bedrock", 429, R"({"message":"Too many requests, please wait before trying again."})", Class::rate_limited, {}, Fault::us, Counts::maybe},
      {"bedrock", 500, message, Class::server_error, typed("InternalServerException")},
      {"bedrock", 500, message, Class::server_error, typed("InternalFailure")},
      {"bedrock", 503, R"({"message":"Bedrock is unable to process your request."})", Class::overloaded},
      {"bedrock", 503, message, Class::overloaded, typed("ServiceUnavailableException")},
      {"bedrock", 503, R"({"Message":"m"})", Class::overloaded, {{"x-amzn-requestid", "r"}}},
      {"bedrock", 200, test::exception_frame("throttlingException", "Too many tokens"), Class::rate_limited,
       {{"content-type", "application/vnd.amazon.eventstream"}}, Fault::us, Counts::maybe},
  });
  const std::vector<std::pair<std::string, Class>> exceptions = {
      {"internalServerException", Class::server_error}, {"modelStreamErrorException", Class::server_error},
      {"serviceUnavailableException", Class::overloaded}, {"validationException", Class::bad_request}, {"modelTimeoutException", Class::server_error}};
  for (const auto& [name, cls] : exceptions)
    CHECK_MESSAGE(test::judge_stream("bedrock", test::streamed(test::exception_frame(name, "m"))).cls == cls, name);
}

TEST_CASE("llm judge: Mistral, Groq, and the router that speaks for others") {
  const std::string behind = R"(,"metadata":{"provider_name":"Behind","raw":"x"}})";
  check({
      {"mistral", 429, R"({"message":"Requests rate limit exceeded"})", Class::rate_limited},
      {"mistral", 429, R"({"object":"error","message":"Service tier capacity exceeded for this model.","type":"service_tier_capacity_exceeded","param":null,"code":"3505"})", Class::overloaded},
      {"mistral", 429, R"({"object":"error","message":"m","type":"invalid_request_error","param":null,"code":"3505"})", Class::overloaded},
      {"mistral", 503, R"({"object":"error","message":"Service unavailable.","type":"invalid_request_error","param":null,"code":null})", Class::overloaded},
      {"mistral", 422, R"({"detail":[{"type":"missing","loc":["body","model"],"msg":"Field required"}]})", Class::bad_request},
      {"mistral", 401, R"({"detail":"Unauthorized"})", Class::auth},
      {"mistral", 400, R"({"object":"error","message":"Invalid model: x","type":"invalid_model","param":null,"code":"1500"})", Class::not_found},
      {"mistral", 500, R"({"object":"error","message":"m","type":"rate_limited","param":null,"code":"1300","raw_status_code":429})", Class::rate_limited},
      {"groq", 401, error(R"({"message":"Invalid API Key","type":"invalid_request_error","code":"invalid_api_key"})"), Class::auth},
      {"groq", 413, error(R"({"message":"Request too large for model on tokens per minute","type":"tokens","code":"rate_limit_exceeded"})"), Class::rate_limited},
      {"groq", 498, error(R"({"message":"m","type":"flex","code":"capacity_exceeded"})"), Class::overloaded},
      {"groq", 498, "", Class::overloaded},
      {"groq", 503, error(R"({"message":"Service Unavailable","type":"internal_server_error"})"), Class::overloaded},
      {"groq", 200, "data: {\"error\":{\"message\":\"m\",\"type\":\"invalid_request_error\"}}\n\n", Class::server_error},
      {"openrouter", 401, error(R"({"code":401,"message":"No auth credentials found"})"), Class::auth},
      {"openrouter", 402, error(R"({"code":402,"message":"Insufficient credits"})"), Class::account},
      {"openrouter", 403, error(R"({"code":403,"message":"m","metadata":{"reasons":["violence"],"flagged_input":"x","provider_name":"Behind"}})"), Class::bad_request},
      {"openrouter", 408, error(R"({"code":408,"message":"Request timed out"})"), Class::server_error},
      {"openrouter", 429, error(R"({"code":429,"message":"Rate limit exceeded: free-models-per-day"})"), Class::rate_limited},
      {"openrouter", 429, error("{\"code\":429,\"message\":\"m\"" + behind), Class::upstream_limited},
      {"openrouter", 502, error(R"({"code":502,"message":"Your chosen model is down"})"), Class::upstream_error},
      {"openrouter", 503, error(R"({"code":503,"message":"No provider available meets your routing requirements"})"), Class::upstream_error},
      {"openrouter", 502, "<hr><center>cloudflare</center>", Class::edge_error, html},
      {"openrouter", 400, error(R"({"code":400,"message":"x is not a valid model ID"})"), Class::not_found},
      {"openrouter", 200, "{\"id\":\"gen-1\",\"error\":{\"code\":502,\"message\":\"m\"" + behind + "}", Class::upstream_error},
      {"openrouter", 200, "{\"id\":\"gen-1\",\"error\":{\"code\":429,\"message\":\"m\"" + behind + "}", Class::upstream_limited},
      {"openrouter", 200, test::sse(R"({"id":"gen-1","provider":"Behind","error":{"code":"server_error","message":"Provider disconnected"},"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}]})"), Class::upstream_error},
      {"openrouter", 200, test::sse(R"({"id":"gen-1","provider":"Behind","choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}]})"), Class::upstream_error},
  });
}

TEST_CASE("llm judge: servers of one's own") {
  check({
      {"ollama", 200, R"({"model":"m","response":"a","done":true,"done_reason":"length","eval_count":1})", Class::ok},
      {"ollama", 200, R"({"model":"m","message":{"role":"assistant","content":"a"},"done":true})", Class::ok},
      {"ollama", 200, R"({"model":"m","response":"a","done":false})", Class::unexpected_content},
      {"ollama", 200, R"({"models":[]})", Class::ok},
      {"ollama", 200, R"({"version":"0.9.0"})", Class::ok},
      {"ollama", 200, R"({"error":"the runner was killed"})", Class::server_error},
      {"ollama", 404, R"({"error":"model 'm' not found"})", Class::not_found},
      {"ollama", 500, R"({"error":"llama runner process has terminated"})", Class::server_error},
      {"ollama", 502, R"({"error":"cannot reach the cloud"})", Class::upstream_error},
      {"ollama", 429, R"({"error":"too many requests"})", Class::rate_limited},
      {"llamacpp", 503, R"({"status":"loading model"})", Class::starting},
      {"llamacpp", 503, R"({"status":"no slot available","slots_idle":0})", Class::overloaded},
      {"llamacpp", 401, error(R"({"code":401,"message":"Invalid API Key","type":"authentication_error"})"), Class::auth},
      {"llamacpp", 501, error(R"({"code":501,"message":"This server does not support metrics endpoint.","type":"not_supported_error"})"), Class::bad_request},
      {"llamacpp", 500, error(R"({"code":500,"message":"m","type":"server_error"})"), Class::server_error},
      {"llamacpp", 200, R"({"content":"a","stop":true,"tokens_predicted":1})", Class::ok},
      {"llamacpp", 200, R"({"object":"list","data":[{"id":"m","meta":{"n_params":1}}]})", Class::ok},
      {"vllm", 200, "", Class::ok},
      {"vllm", 503, "", Class::server_error},
      {"vllm", 500, "", Class::server_error},
      {"vllm", 400, R"({"object":"error","message":"m","type":"BadRequestError","param":null,"code":400})", Class::bad_request},
      {"vllm", 404, error(R"({"message":"The model x does not exist.","type":"NotFoundError","code":404})"), Class::not_found},
      {"vllm", 401, R"({"error":"Unauthorized"})", Class::auth},
      {"vllm", 200, "data: {\"object\":\"error\",\"message\":\"m\",\"type\":\"InternalServerError\",\"code\":500}\n\ndata: [DONE]\n\n", Class::server_error},
      {"vllm", 200, "data: {\"object\":\"error\",\"message\":\"m\",\"type\":\"BadRequestError\",\"code\":400}\n\n", Class::bad_request},
  });
}

TEST_CASE("llm judge: what stands before the provider") {
  const Headers json = {{"content-type", "application/json"}};
  check({
      {"anthropic", 403, R"({"cloudflare_error":true,"error_code":1020,"title":"t"})", Class::access_blocked},
      {"anthropic", 429, R"({"cloudflare_error":true,"error_code":1015,"title":"t","retry_after":30})", Class::rate_limited},
      {"anthropic", 530, R"({"cloudflare_error":true,"error_code":1033,"title":"t"})", Class::edge_error},
      {"anthropic", 530, "error code: 1016", Class::edge_error},
      {"openai", 403, "error code: 1010", Class::access_blocked},
      {"openai", 200, "", Class::bot_challenge, {{"cf-mitigated", "challenge"}}},
      {"openai", 429, "<html>x</html>", Class::bot_challenge, {{"cf-mitigated", "challenge"}, {"content-type", "text/html"}}},
      {"openai", 200, "<html><script src=\"/_Incapsula_Resource?x\"></script></html>", Class::bot_challenge, html},
      {"openai", 403, R"({"url":"https://geo.captcha-delivery.com/captcha/?x"})", Class::bot_challenge, json},
      {"openai", 403, "<H1>Access Denied</H1> Reference&#32;&#35;18.1 errors&#46;edgesuite&#46;net", Class::access_blocked, html},
      {"openai", 503, "upstream connect error or disconnect/reset before headers. reset reason: overflow", Class::overloaded},
      {"openai", 503, "no healthy upstream", Class::edge_error},
      {"openai", 504, "upstream request timeout", Class::edge_error},
      {"openai", 302, "", Class::unexpected_content, {{"location", "https://proxy.corp.example/login?x=1"}}, Fault::path, Counts::nothing},
      {"openai", 302, "", Class::unexpected_content, {{"location", "https://elsewhere.example/"}}, Fault::path, Counts::nothing},
      {"openai", 307, "", Class::unexpected_content, {{"location", "/signin"}}, Fault::path, Counts::nothing},
      {"openai", 308, "", Class::redirected, {{"location", "https://eu.api.openai.com/v1/chat"}}},
      {"openai", 200, "<html><body>Welcome to the hotel</body></html>", Class::unexpected_content, html, Fault::path, Counts::nothing},
      {"openai", 200, "<html><body>Hello</body></html>", Class::unexpected_content, {{"x-request-id", "r"}, {"content-type", "text/html"}}, Fault::provider},
      {"openai", 200, "<html><body><h1>We'll be back soon</h1>undergoing maintenance</body></html>", Class::server_error, html},
      {"openai", 511, "", Class::access_blocked},
  });
}

TEST_CASE("llm judge: what was asked says what is right") {
  const auto asked = [](const std::string& wire, Asked what, const std::string& body) {
    LlmExpectation expectation;
    expectation.asked = what;
    return judge({wire, 200, body, Class::ok}, expectation).cls;
  };
  CHECK(asked("openai", Asked::completion, R"({"object":"list","data":[]})") == Class::unexpected_content);
  CHECK(asked("openai", Asked::models, R"({"object":"list","data":[]})") == Class::ok);
  CHECK(asked("anthropic", Asked::count_tokens, R"({"input_tokens":3})") == Class::ok);
  CHECK(asked("anthropic", Asked::completion, R"({"input_tokens":3})") == Class::unexpected_content);
  CHECK(asked("vllm", Asked::completion, "") == Class::unexpected_content);
  CHECK(asked("vllm", Asked::health, "") == Class::ok);
  CHECK(asked("llamacpp", Asked::completion, R"({"status":"ok"})") == Class::unexpected_content);
  CHECK(asked("ollama", Asked::completion, R"({"version":"1"})") == Class::unexpected_content);
}

TEST_CASE("llm judge: a canary must be refused in the API's own words") {
  LlmExpectation canary;
  canary.status = {{401, 401}, {403, 403}};
  CHECK(judge({"anthropic", 401, anthropic_error("authentication_error"), Class::ok}, canary).cls == Class::ok);
  CHECK(judge({"anthropic", 401, "who are you", Class::ok}, canary).cls == Class::unexpected_content);
  CHECK(judge({"anthropic", 401, "<html>login</html>", Class::ok, html}, canary).cls == Class::unexpected_content);
  CHECK(judge({"anthropic", 500, anthropic_error("api_error"), Class::ok}, canary).cls == Class::server_error);
  CHECK(judge({"anthropic", 200, R"({"type":"message"})", Class::ok}, canary).cls != Class::ok);
}

TEST_CASE("llm judge: the request id, the usage and the wish to be left alone are kept") {
  const LlmAttribution out = judge({"openai", 429, error(R"({"message":"Please try again in 1m47.58s.","code":"rate_limit_exceeded"})"), Class::ok, {{"x-request-id", "req_7"}}});
  CHECK(out.evidence.request_id == "req_7");
  CHECK(out.retry_after == 107580ms);
  CHECK(judge({"openai", 429, "{}", Class::ok, {{"retry-after", "12"}}}).retry_after == 12s);
  CHECK(judge({"gemini", 429, error(R"({"code":429,"status":"RESOURCE_EXHAUSTED","message":"m","details":[{"retryDelay":"34.4s"}]})"), Class::ok}).retry_after == 34400ms);
  CHECK(judge({"anthropic", 522, R"({"cloudflare_error":true,"status":522,"title":"t","detail":"d","retry_after":120})", Class::ok}).retry_after == 120s);
  CHECK(judge({"anthropic", 500, anthropic_error("api_error"), Class::ok}).evidence.request_id == "req_1");
  const LlmAttribution right = judge({"openai", 200, R"({"id":"chatcmpl-1","choices":[{"message":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":8,"completion_tokens":377}})", Class::ok});
  CHECK(right.usage.input == 8);
  CHECK(right.usage.output == 377);
  CHECK(right.evidence.request_id == "chatcmpl-1");
}

TEST_CASE("llm judge: a failure that broke off is still what its status says") {
  Response response;
  response.status = 529;
  response.body = R"({"type":"error","err)";
  response.error = TransportError::truncated_body;
  CHECK(attribute_llm(*find_wire("anthropic"), response).cls == Class::overloaded);
  response.status = 200;
  CHECK(attribute_llm(*find_wire("anthropic"), response).cls == Class::body_truncated);
  response.error = TransportError::timeout_body;
  CHECK(attribute_llm(*find_wire("anthropic"), response).cls == Class::timeout_body);
  response.error = TransportError::tls_expired;
  response.status = 0;
  CHECK(attribute_llm(*find_wire("anthropic"), response).cls == Class::tls_expired);
}

TEST_CASE("llm judge: every wire has its functions, a name of its own, and takes hostile documents") {
  std::vector<std::string> names;
  for (const Wire& wire : wires()) {
    CHECK((wire.read_stream && wire.read_body));
    CHECK(find_wire(wire.name) == &wire);
    names.emplace_back(wire.name);
    for (const char* body : {"[]", "null", "1", "\"x\"", "[[[[]]]]", "{\"error\":[]}", "{\"choices\":[1]}", "{\"data\":{}}", "{\"candidates\":[null]}",
                             "{\"output\":1}", "{\"headers\":[]}", "{\"response\":{}}", "{\"error\":{\"error\":{\"error\":1}}}", "{\"usage\":[]}"}) {
      for (const int status : {200, 400, 500}) {
        for (const bool stream : {false, true}) {
          LlmExpectation expectation;
          expectation.stream = stream;
          CHECK(judge({std::string(wire.name), status, body, Class::ok}, expectation).cls != Class::ok);
        }
      }
    }
  }
  std::sort(names.begin(), names.end());
  CHECK(std::adjacent_find(names.begin(), names.end()) == names.end());
  CHECK(find_wire("azure") == find_wire("azure-openai"));
  CHECK(!find_wire("nobody"));
}

}  // namespace outaged::probes::llm
