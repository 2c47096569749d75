// The one table of classes, and the names of the vocabulary's enums.
#include "core/classes.h"

#include <doctest/doctest.h>

#include <map>
#include <set>
#include <string>

#include "core/model.h"
#include "core/notification.h"
#include "core/topology.h"

namespace {
using namespace outaged;

Class nth(std::size_t i) { return static_cast<Class>(i); }
}  // namespace

TEST_CASE("the numbers and names of the classes are stored and stay") {
  // Never change a row; append. A database holds the numbers, dashboards hold the names.
  const std::map<std::string, int> stored = {
      {"ok", 0}, {"dns_nxdomain", 1}, {"dns_servfail", 2}, {"dns_timeout", 3}, {"dns_error", 4}, {"tcp_refused", 5},
      {"tcp_timeout", 6}, {"tcp_reset", 7}, {"tcp_unreachable", 8}, {"tls_expired", 9}, {"tls_name_mismatch", 10},
      {"tls_unknown_ca", 11}, {"tls_handshake", 12}, {"timeout_before_first_byte", 13}, {"timeout_body", 14},
      {"timeout_first_token", 15}, {"stream_stalled", 16}, {"stream_truncated", 17}, {"body_truncated", 18},
      {"body_too_large", 19}, {"protocol_error", 20}, {"server_error", 21}, {"overloaded", 22}, {"edge_error", 23},
      {"upstream_error", 24}, {"upstream_limited", 25}, {"starting", 26}, {"unexpected_status", 27},
      {"unexpected_content", 28}, {"redirected", 29}, {"rate_limited", 30}, {"account", 31}, {"auth", 32},
      {"not_found", 33}, {"bad_request", 34}, {"access_blocked", 35}, {"bot_challenge", 36}, {"network_local", 37},
      {"probe_error", 38}, {"reported_bad", 39}, {"not_asked", 40}, {"silent", 41}, {"waiting", 42}};
  for (const auto& row : stored) {
    const auto& name = row.first;
    const int number = row.second;
    const auto cls = class_from_string(name);
    REQUIRE_MESSAGE(cls, name);
    CHECK_MESSAGE(static_cast<int>(*cls) == number, name);
  }
  CHECK(class_count >= stored.size());
}

TEST_CASE("every class has a name of its own, a sentence, and is found by name") {
  std::set<std::string_view> names, sentences;
  for (std::size_t i = 0; i < class_count; ++i) {
    const ClassInfo& row = info(nth(i));
    CHECK(names.insert(row.name).second);
    CHECK_FALSE(row.name.empty());
    CHECK(row.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string_view::npos);
    CHECK_MESSAGE(sentences.insert(row.sentence).second, row.name);
    CHECK_FALSE(row.sentence.empty());
    CHECK_MESSAGE(row.sentence.back() != '.', row.name);  // it stands inside sentences
    CHECK(class_from_string(row.name) == nth(i));
    CHECK(to_string(nth(i)) == row.name);
  }
  CHECK_FALSE(class_from_string(""));
  CHECK_FALSE(class_from_string("OK"));
  CHECK_FALSE(class_from_string("server_error "));
}

TEST_CASE("only what is the provider's fault counts against it") {
  for (std::size_t i = 0; i < class_count; ++i) {
    const ClassInfo& row = info(nth(i));
    INFO(row.name);
    if (row.counts == Counts::bad) CHECK(row.fault == Fault::provider);
    if (row.fault == Fault::us) CHECK(row.counts == Counts::nothing);
    CHECK((row.counts == Counts::good) == (row.fault == Fault::none));
    CHECK((row.counts == Counts::good) == (nth(i) == Class::ok));
  }
}

TEST_CASE("the classes that decide, one by one") {
  for (const Class cls :
       {Class::dns_nxdomain, Class::dns_servfail, Class::tcp_refused, Class::tcp_timeout, Class::tcp_reset,
        Class::tls_expired, Class::tls_name_mismatch, Class::tls_handshake, Class::timeout_before_first_byte,
        Class::timeout_body, Class::timeout_first_token, Class::stream_stalled, Class::body_truncated,
        Class::protocol_error, Class::server_error, Class::overloaded, Class::edge_error, Class::upstream_error,
        Class::unexpected_status, Class::reported_bad}) {
    CHECK_MESSAGE(info(cls).counts == Counts::bad, to_string(cls));
  }
  for (const Class cls : {Class::dns_timeout, Class::tcp_unreachable, Class::tls_unknown_ca, Class::stream_truncated,
                          Class::upstream_limited, Class::starting, Class::unexpected_content, Class::redirected}) {
    CHECK_MESSAGE(info(cls).counts == Counts::maybe, to_string(cls));
  }
  for (const Class cls : {Class::dns_error, Class::body_too_large, Class::rate_limited, Class::account, Class::auth,
                          Class::not_found, Class::bad_request, Class::access_blocked, Class::bot_challenge,
                          Class::network_local, Class::probe_error, Class::not_asked}) {
    CHECK_MESSAGE(info(cls).counts == Counts::nothing, to_string(cls));
  }
  CHECK(info(Class::tls_unknown_ca).fault == Fault::unclear);
  CHECK(info(Class::tcp_unreachable).fault == Fault::path);
  CHECK(info(Class::access_blocked).fault == Fault::path);
  CHECK(info(Class::rate_limited).fault == Fault::us);
}

TEST_CASE("a class number from a newer database accuses nobody") {
  CHECK(info(static_cast<Class>(250)).counts == Counts::nothing);
}

namespace {
/// Names are distinct, found again, and nothing else is.
template <class Enum, class FromString>
void check_names(std::initializer_list<const char*> names, Enum last, FromString from_string) {
  REQUIRE(names.size() == static_cast<std::size_t>(last) + 1);
  std::size_t number = 0;
  for (const char* name : names) {
    INFO(name);
    CHECK(to_string(static_cast<Enum>(number)) == name);
    CHECK(from_string(name) == static_cast<Enum>(number));
    ++number;
  }
  CHECK_FALSE(from_string(""));
  CHECK_FALSE(from_string("nonsense"));
}
}  // namespace

TEST_CASE("stored enums keep their numbers and names") {
  check_names({"unknown", "operational", "under_maintenance", "degraded_performance", "partial_outage", "major_outage"},
              Status::major_outage, status_from_string);
  check_names({"blind", "agrees", "pending", "page_silent", "page_too_early", "page_understates", "page_overstates",
               "page_only", "page_unreadable", "no_page"},
              Agreement::no_page, agreement_from_string);
  check_names({"page", "notify", "record"}, Importance::record, importance_from_string);
  check_names({"fire", "refire", "update", "resolve", "self"}, NotificationKind::self, notification_kind_from_string);
  check_names({"none", "mismatch", "admitted", "severity", "scope", "cleared"}, UpdateReason::cleared,
              update_reason_from_string);
  check_names({"pending", "delivered", "dead", "cancelled"}, OutboxState::cancelled, outbox_state_from_string);
}

TEST_CASE("health and claim are compared by level") {
  CHECK(level(Status::operational) == 0);
  CHECK(level(Status::degraded_performance) == 1);
  CHECK(level(Status::partial_outage) == 2);
  CHECK(level(Status::major_outage) == 3);
  CHECK(level(Status::unknown) == 0);
  CHECK(level(Status::under_maintenance) == 0);
  CHECK(spell(Status::degraded_performance) == "degraded performance");
}

TEST_CASE("four agreements are mismatches") {
  std::set<std::string_view> mismatches;
  for (int i = 0; i <= static_cast<int>(Agreement::no_page); ++i) {
    const auto agreement = static_cast<Agreement>(i);
    if (is_mismatch(agreement)) mismatches.insert(to_string(agreement));
  }
  CHECK(mismatches ==
        std::set<std::string_view>{"page_silent", "page_too_early", "page_understates", "page_overstates"});
}

TEST_CASE("a topology finds its parts by id, in whatever order they stand") {
  Topology topology;
  for (const std::uint32_t id : {7u, 1u, 9u, 2u, 8u, 3u}) {
    topology.targets.push_back({TargetId{id}, "target-" + std::to_string(id), ComponentId{id}, {}, {}});
    const std::string component = "component-" + std::to_string(id);
    topology.components.push_back({ComponentId{id}, component, "", ServiceId{id}, {}, {}, true});
    topology.services.push_back({ServiceId{id}, "service-" + std::to_string(id), "", Importance::notify});
    topology.pages.push_back({PageId{id}, "page-" + std::to_string(id), "", 60s});
  }
  for (std::uint32_t id = 0; id < 12; ++id) {
    const bool known = id == 1 || id == 2 || id == 3 || id == 7 || id == 8 || id == 9;
    INFO(id);
    REQUIRE((topology.target(TargetId{id}) != nullptr) == known);
    REQUIRE((topology.component(ComponentId{id}) != nullptr) == known);
    REQUIRE((topology.service(ServiceId{id}) != nullptr) == known);
    REQUIRE((topology.page(PageId{id}) != nullptr) == known);
    if (!known) continue;
    CHECK(topology.target(TargetId{id})->name == "target-" + std::to_string(id));
    CHECK(topology.component(ComponentId{id})->name == "component-" + std::to_string(id));
    CHECK(topology.service(ServiceId{id})->name == "service-" + std::to_string(id));
    CHECK(topology.page(PageId{id})->name == "page-" + std::to_string(id));
    CHECK(topology.component("component-" + std::to_string(id))->id == ComponentId{id});
  }
  CHECK(topology.component("component") == nullptr);
  CHECK(Topology{}.target(TargetId{1}) == nullptr);
}
