// Random values of every stored type, and their comparison member by member. Neither knows the names in core/fields.h:
// members are counted and bound by position, so a member that is added and not stored fails the round trip, and one
// that is added and not counted here does not compile.
#pragma once

#include <bit>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

#include "core/input.h"

namespace outaged::test {

template <class T> inline constexpr int members_of = 0;
template <> inline constexpr int members_of<Timings> = 5;
template <> inline constexpr int members_of<Evidence> = 4;
template <> inline constexpr int members_of<Observation> = 11;
template <> inline constexpr int members_of<Claim> = 7;
template <> inline constexpr int members_of<Verdict> = 8;
template <> inline constexpr int members_of<Proof> = 8;
template <> inline constexpr int members_of<PageProof> = 5;
template <> inline constexpr int members_of<Admission> = 4;
template <> inline constexpr int members_of<Incident> = 27;
template <> inline constexpr int members_of<NotificationProof> = 7;
template <> inline constexpr int members_of<Notification> = 42;
template <> inline constexpr int members_of<DeliveryReport> = 5;
template <> inline constexpr int members_of<ClockStep> = 1;
template <> inline constexpr int members_of<OperatorAction> = 4;
template <> inline constexpr int members_of<DetectionRules> = 14;
template <> inline constexpr int members_of<AgreementRules> = 11;
template <> inline constexpr int members_of<ControlRules> = 1;
template <> inline constexpr int members_of<TargetSpec> = 7;
template <> inline constexpr int members_of<ComponentSpec> = 8;
template <> inline constexpr int members_of<ServiceSpec> = 4;
template <> inline constexpr int members_of<ControlSpec> = 3;
template <> inline constexpr int members_of<PageSpec> = 4;
template <> inline constexpr int members_of<Topology> = 8;
template <> inline constexpr int members_of<Reporting> = 2;
template <class T>
concept Struct = members_of<std::remove_const_t<T>> > 0;

/// References to the members, in order.
template <Struct T>
auto parts(T& value) {
  constexpr int n = members_of<std::remove_const_t<T>>;
  if constexpr (n == 1) {
    auto& [m0] = value;
    return std::tie(m0);
  } else if constexpr (n == 2) {
    auto& [m0, m1] = value;
    return std::tie(m0, m1);
  } else if constexpr (n == 3) {
    auto& [m0, m1, m2] = value;
    return std::tie(m0, m1, m2);
  } else if constexpr (n == 4) {
    auto& [m0, m1, m2, m3] = value;
    return std::tie(m0, m1, m2, m3);
  } else if constexpr (n == 5) {
    auto& [m0, m1, m2, m3, m4] = value;
    return std::tie(m0, m1, m2, m3, m4);
  } else if constexpr (n == 7) {
    auto& [m0, m1, m2, m3, m4, m5, m6] = value;
    return std::tie(m0, m1, m2, m3, m4, m5, m6);
  } else if constexpr (n == 8) {
    auto& [m0, m1, m2, m3, m4, m5, m6, m7] = value;
    return std::tie(m0, m1, m2, m3, m4, m5, m6, m7);
  } else if constexpr (n == 9) {
    auto& [m0, m1, m2, m3, m4, m5, m6, m7, m8] = value;
    return std::tie(m0, m1, m2, m3, m4, m5, m6, m7, m8);
  } else if constexpr (n == 11) {
    auto& [m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10] = value;
    return std::tie(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10);
  } else if constexpr (n == 13) {
    auto& [m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12] = value;
    return std::tie(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12);
  } else if constexpr (n == 14) {
    auto& [m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13] = value;
    return std::tie(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13);
  } else if constexpr (n == 27) {
    auto& [m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21,
            m22, m23, m24, m25, m26] = value;
    return std::tie(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19,
            m20, m21, m22, m23, m24, m25, m26);
  } else if constexpr (n == 42) {
    auto& [m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21,
            m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41] = value;
    return std::tie(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19,
            m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39, m40, m41);
  }
}

template <class T>
bool same(const T& a, const T& b);
template <class T>
bool same(const std::vector<T>& a, const std::vector<T>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!same(a[i], b[i])) return false;
  }
  return true;
}
template <class T>
bool same(const std::optional<T>& a, const std::optional<T>& b) {
  return a && b ? same(*a, *b) : a.has_value() == b.has_value();
}
template <class T>
bool same(const std::shared_ptr<T>& a, const std::shared_ptr<T>& b) {
  return a && b ? same(*a, *b) : !a && !b;
}
template <class T>
bool same(const T& a, const T& b) {
  if constexpr (Struct<T>) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      const auto left = parts(a), right = parts(b);
      return (same(std::get<I>(left), std::get<I>(right)) && ...);
    }(std::make_index_sequence<members_of<T>>{});
  } else if constexpr (std::is_same_v<T, ConfigChange>) {
    return same(a.topology, b.topology);
  } else if constexpr (std::is_same_v<T, Tick>) {
    return true;
  } else if constexpr (std::is_same_v<T, double>) {
    return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
  } else {
    return a == b;
  }
}

inline int last_of(Class) { return static_cast<int>(class_count) - 1; }
inline int last_of(Status) { return static_cast<int>(Status::major_outage); }
inline int last_of(Agreement) { return static_cast<int>(Agreement::no_page); }
inline int last_of(Importance) { return static_cast<int>(Importance::record); }
inline int last_of(NotificationKind) { return static_cast<int>(NotificationKind::self); }
inline int last_of(UpdateReason) { return static_cast<int>(UpdateReason::cleared); }
inline int last_of(OutboxState) { return static_cast<int>(OutboxState::cancelled); }

/// A seeded source of values: extremes are as common as ordinary ones.
class Values {
 public:
  explicit Values(unsigned seed) : random_(seed) {}

  std::uint64_t number() { return random_() >> (random_() % 64); }
  std::string text() { return make<std::string>(); }
  Timestamp time() { return make<Timestamp>(); }
  Duration duration() { return make<Duration>(); }
  Evidence evidence() { return make<Evidence>(); }
  Observation observation() { return make<Observation>(); }
  Claim claim() { return make<Claim>(); }
  Verdict verdict() { return make<Verdict>(); }
  Incident incident() { return make<Incident>(); }
  Notification notification() { return make<Notification>(); }
  DeliveryReport delivery() { return make<DeliveryReport>(); }
  Reporting reporting() { return make<Reporting>(); }
  Topology topology() { return make<Topology>(); }

 private:
  template <class T>
  T make() {
    T value;
    fill(value);
    return value;
  }

  void fill(std::string& value) {
    static const std::vector<std::string> pieces = {
        "a", "claude/api", " ", "\"", "\\", "\n", "\x1B", std::string(1, '\0'), "\x7F", "é", "日本", "😀",
        "</script>", "\xE2\x80\xA8", "{\"x\":[1]}"};
    value.clear();
    for (auto n = random_() % 6; n > 0; --n) value += pieces[random_() % pieces.size()];
  }
  void fill(bool& value) { value = random_() % 2 == 0; }
  void fill(double& value) {
    // Any bit pattern that is a number; and often an ordinary one.
    do value = random_() % 2 == 0 ? std::bit_cast<double>(random_()) : static_cast<double>(random_() % 1000) / 1000.0;
    while (value != value);
  }
  template <class Rep, class Period>
  void fill(std::chrono::duration<Rep, Period>& value) {
    value = std::chrono::duration<Rep, Period>{static_cast<Rep>(number())};
  }
  void fill(Timestamp& value) {
    value = from_millis(static_cast<std::int64_t>(number()));
    if (random_() % 8 == 0) value = random_() % 2 == 0 ? never : never_past;
  }
  template <class T>
    requires std::is_integral_v<T>
  void fill(T& value) {
    value = static_cast<T>(number());
  }
  template <class T>
    requires std::is_enum_v<T>
  void fill(T& value) {
    if constexpr (requires { last_of(value); }) {
      value = static_cast<T>(random_() % static_cast<unsigned>(last_of(value) + 1));
    } else {
      value = static_cast<T>(number());
    }
  }
  void fill(Labels& value) {
    value.clear();
    for (auto n = random_() % 4; n > 0; --n) fill(value[make<std::string>()]);
  }
  void fill(std::pair<std::string, std::string>& value) { fill(value.first), fill(value.second); }
  void fill(std::shared_ptr<const Evidence>& value) {
    value = random_() % 2 == 0 ? nullptr : std::make_shared<const Evidence>(make<Evidence>());
  }
  template <class T>
  void fill(std::optional<T>& value) {
    value.reset();
    if (random_() % 2 == 0) fill(value.emplace());
  }
  template <class T>
  void fill(std::vector<T>& value) {
    value.resize(random_() % 4);
    for (T& item : value) fill(item);
  }
  template <Struct T>
  void fill(T& value) {
    std::apply([this](auto&... member) { (this->fill(member), ...); }, parts(value));
  }

  std::mt19937_64 random_;
};

}  // namespace outaged::test
