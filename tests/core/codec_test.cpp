// The stored form: everything comes back exactly; an older row is read, a broken one refused with its place, without a
// throw.
#include "core/codec.h"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <tuple>

#include "core/json.h"
#include "tests/core/codec_values.h"

namespace {
using namespace outaged;
using test::Values;

/// Whatever is wrong with it, the answer is an error that holds this.
template <class Decode>
void refused(Decode decode, std::string_view text, std::string_view problem) {
  const auto result = decode(text);
  INFO(std::string(text));
  REQUIRE_FALSE(result.ok());
  CHECK_MESSAGE(result.error().find(problem) != std::string::npos, result.error());
}

Result<Input> decode_any(std::string_view text) { return decode_input(text, 7, from_millis(5), nullptr); }
}  // namespace

TEST_CASE("random values of every stored type come back exactly") {
  Values values(7);
  const auto round_trip = [](const auto& value, auto decode) {
    const std::string text = encode(value);
    const auto back = decode(text);
    REQUIRE_MESSAGE(back.ok(), back.error());
    REQUIRE_MESSAGE(test::same(*back, value), text);
    REQUIRE(encode(*back) == text);
  };
  for (int i = 0; i < 500; ++i) {
    round_trip(values.evidence(), decode_evidence);
    round_trip(values.claim(), decode_claim);
    round_trip(values.verdict(), decode_verdict);
    round_trip(values.incident(), decode_incident);
    round_trip(values.notification(), decode_notification);
    round_trip(values.topology(), decode_topology);
  }
}

TEST_CASE("random inputs of every kind come back exactly") {
  Values values(8);
  const auto topology = std::make_shared<const Topology>(values.topology());
  for (int i = 0; i < 500; ++i) {
    Input input{values.number(), values.time(), Tick{}};
    switch (i % 8) {
      case 0: break;
      case 1: input.what = values.observation(); break;
      case 2: input.what = values.claim(); break;
      case 3: input.what = ConfigChange{topology}; break;
      case 4: input.what = values.delivery(); break;
      case 5: input.what = ClockStep{values.duration()}; break;
      case 6: input.what = OperatorAction{values.text(), values.text(), values.text(), values.text()}; break;
      case 7: input.what = values.reporting(); break;
    }
    const auto back = decode_input(encode_input(input), input.seq, input.at, [&](const std::string& hash) {
      return hash == topology->hash ? topology : nullptr;
    });
    REQUIRE_MESSAGE(back.ok(), back.error());
    CHECK(back->seq == input.seq);
    CHECK(back->at == input.at);
    REQUIRE(back->what.index() == input.what.index());
    REQUIRE(std::visit(
        [&](const auto& value) {
          return test::same(value, std::get<std::decay_t<decltype(value)>>(back->what));
        },
        input.what));
  }
}

TEST_CASE("the stored names and numbers stay") {
  // Rows like these are in people's databases: a change here must come with a migration.
  const auto claim = decode_claim(
      R"({"component":3,"status":"partial_outage","red":true,"text":"Partial",)"
      R"("incident":"i","document":"d","url":"u"})");
  REQUIRE(claim.ok());
  CHECK(test::same(*claim, Claim{ComponentId{3}, Status::partial_outage, true, "Partial", "i", "d", "u"}));
  Incident incident;
  incident.id = "x";
  incident.onset = from_millis(1776088980000);
  incident.proof.push_back({9, TargetId{4}, from_millis(-1), Class::server_error, 500, 1200ms, "req_1", "HTTP 500"});
  const auto out = parse_json(encode(incident));
  REQUIRE(out.ok());
  CHECK((*out)["onset"] == 1776088980000);
  CHECK((*out)["proof"][0]["class"] == "server_error");
  CHECK((*out)["proof"][0]["at"] == -1);
  CHECK((*out)["proof"][0]["took_ms"] == 1200);
  CHECK_FALSE(out->contains("recovered"));
  CHECK(encode_input({1, {}, ClockStep{-90s}}) == R"({"by_ms":-90000,"kind":"clock_step"})");
}

TEST_CASE("enums are names in JSON, and numbers are not taken for them") {
  CHECK(nlohmann::json(Agreement::page_silent) == "page_silent");
  CHECK(nlohmann::json(Class::server_error) == "server_error");
  CHECK(nlohmann::json(Disposition::void_controls) == "void_controls");
  CHECK(nlohmann::json("page_silent").get<Agreement>() == Agreement::page_silent);
  CHECK_THROWS_AS(nlohmann::json(3).get<Agreement>(), Malformed);
  CHECK_THROWS_AS(nlohmann::json("").get<Class>(), Malformed);
}

TEST_CASE("doubles come back to the bit") {
  std::mt19937_64 random(9);
  Incident incident;
  const auto check = [&](double value) {
    incident.baseline = value;
    const auto back = decode_incident(encode(incident));
    REQUIRE_MESSAGE(back.ok(), back.error());
    if (std::isnan(value)) {
      REQUIRE(std::isnan(back->baseline));
    } else {
      REQUIRE(std::bit_cast<std::uint64_t>(back->baseline) == std::bit_cast<std::uint64_t>(value));
    }
  };
  using limits = std::numeric_limits<double>;
  for (const double value : {0.0, -0.0, 0.1, 1.0, 1e15, 1e22, 123456789012345678.0, 5e-324, limits::min(),
                             limits::max(), limits::lowest(), limits::epsilon(), limits::infinity(),
                             -limits::infinity(), limits::quiet_NaN()}) {
    check(value);
  }
  for (int i = 0; i < 20000; ++i) check(std::bit_cast<double>(random()));
}

TEST_CASE("an older row is read with defaults, a newer one with what we know of it") {
  const auto empty = decode_notification("{}");
  REQUIRE(empty.ok());
  CHECK(test::same(*empty, Notification{}));
  const auto newer = decode_verdict(R"({"component":1,"mood":{"deep":[1,2,{"x":null}]},"why":"because"})");
  REQUIRE(newer.ok());
  CHECK(newer->why == "because");
  CHECK(newer->component == ComponentId{1});
  const auto null = decode_incident(R"({"recovered":null,"admitted":null})");
  REQUIRE(null.ok());
  CHECK_FALSE(null->recovered);
}

TEST_CASE("what is wrong is refused with its place") {
  refused(decode_claim, "", "claim: not JSON");
  refused(decode_claim, "{\n\"status\": oops}", "line 2");
  refused(decode_claim, "[]", "claim: expected an object, found a list");
  refused(decode_claim, "null", "claim: expected an object, found null");
  refused(decode_claim, R"({"status":"great"})", "claim: status: unknown name \"great\"");
  refused(decode_claim, R"({"status":3})", "status: expected a name, found 3");
  refused(decode_claim, R"({"red":1})", "red: expected true or false, found 1");
  refused(decode_claim, R"({"text":[]})", "text: expected text, found a list");
  refused(decode_claim, R"({"component":-1})", "component: expected a whole number from 0 to 4294967295, found -1");
  refused(decode_claim, R"({"component":4294967296})", "component: expected a whole number");
  refused(decode_claim, R"({"component":1.5})", "component: expected a whole number");
  refused(decode_verdict, R"({"since":9223372036854775808})", "since: expected a whole number");
  refused(decode_verdict, R"({"since":"2026-04-13T14:03:00Z"})", "since: expected a whole number");
  refused(decode_verdict, R"({"since":null})", "since: expected a whole number");
  refused(decode_incident, R"({"proof":[{},{"class":"nope"}]})", "incident: proof[1].class: unknown name");
  refused(decode_incident, R"({"proof":[{"http_status":70000}]})", "proof[0].http_status: expected a whole number");
  refused(decode_incident, R"({"admitted":{"last_green":true}})", "admitted.last_green: expected");
  refused(decode_incident, R"({"baseline":"0.1"})", "baseline: expected a number");
  refused(decode_incident, R"({"affected":{}})", "affected: expected a list, found an object");
  refused(decode_incident, R"({"baseline":1e400})", "not JSON");
  refused(decode_evidence, R"({"headers":[["a","b"],["a"]]})", "headers[1]: expected [name, value]");
  refused(decode_topology, R"({"targets":[{"labels":{"model":1}}]})", "targets[0].labels.model: expected text");
  refused(decode_any, "{}", "input 7: unknown kind \"\"");
  refused(decode_any, R"({"kind":"magic"})", "unknown kind \"magic\"");
  refused(decode_any, R"({"kind":5})", "unknown kind");
  refused(decode_any, "[1]", "expected an object");
  refused(decode_any, R"({"kind":"config","topology":"abc"})", "unknown topology \"abc\"");
  refused(decode_any, R"({"kind":"delivery","state":"lost"})", "input 7: delivery: state: unknown name");
}

TEST_CASE("an error never carries raw bytes of the row") {
  const auto result = decode_claim("{\"status\":\"\\u001b[31m\\n\xC3\xA9\"}");
  REQUIRE_FALSE(result.ok());
  CHECK(result.error().find('\x1B') == std::string::npos);
  CHECK(result.error().find('\n') == std::string::npos);
  const auto broken = decode_claim("{\"status\":\"\x1B\n\xFF");
  REQUIRE_FALSE(broken.ok());
  CHECK(broken.error().find('\x1B') == std::string::npos);
  CHECK(broken.error().find('\xFF') == std::string::npos);
}

TEST_CASE("text that is not UTF-8 is stored mended") {
  Claim claim;
  claim.text = "a\xFF";
  const auto back = decode_claim(encode(claim));
  REQUIRE(back.ok());
  CHECK(back->text == "a\xEF\xBF\xBD");
}

TEST_CASE("nesting is bounded before it is parsed") {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  CHECK(parse_json(nested(64)).ok());
  CHECK_FALSE(parse_json(nested(65)).ok());
  CHECK_FALSE(parse_json(nested(1000000)).ok());
  CHECK_FALSE(parse_json(std::string(1000000, '{')).ok());
  CHECK(parse_json(R"(["[[[[","\"[[[[","\\"])", 1).ok());
  CHECK_FALSE(parse_json(R"(["\\",[]])", 1).ok());
  CHECK(parse_json(R"([[],[],{}])", 2).ok());
}

TEST_CASE("mutilated rows are refused or read, never thrown at us") {
  Values values(10);
  std::mt19937 random(11);
  int refusals = 0;
  for (int i = 0; i < 3000; ++i) {
    std::string text = i % 3 == 0 ? encode(values.incident()) : i % 3 == 1 ? encode(values.topology())
                                                                           : encode_input({1, {}, values.delivery()});
    switch (random() % 3) {
      case 0: text.resize(random() % text.size()); break;
      case 1: text[random() % text.size()] = static_cast<char>(random() % 256); break;
      case 2: text.insert(random() % text.size(), 1, "{}[],:\"0-n"[random() % 10]); break;
    }
    if (!decode_incident(text).ok()) ++refusals;
    if (!decode_topology(text).ok()) ++refusals;
    if (!decode_input(text, 1, {}, nullptr).ok()) ++refusals;
    (void)decode_notification(text);
    (void)decode_evidence(text);
    (void)decode_verdict(text);
  }
  CHECK(refusals > 3000);
}
