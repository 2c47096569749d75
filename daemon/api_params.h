// Query parameters of one request, checked: an unknown one, a wrong value and one given twice are refused with a sentence
// that says how to mend it. Used by the API's handlers on web threads.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/model.h"
#include "core/time.h"
#include "web/server.h"

namespace outaged {

/// A request that is not answered as asked. Thrown by the API's own code, caught where its handlers are mounted.
struct Refused {
  int status = 400;
  std::string message;
};

class Params {
 public:
  /// Throws Refused if the request has a parameter that is not among `known`.
  Params(const web::Request& request, std::initializer_list<std::string_view> known);

  /// "" if it is not given.
  std::string text(std::string_view name) const;
  std::size_t number(std::string_view name, std::size_t fallback, std::size_t min, std::size_t max) const;
  /// A time in RFC 3339, or how long ago: "6h".
  Timestamp time(std::string_view name, Timestamp fallback, Timestamp now) const;
  std::optional<Status> status(std::string_view name) const;

 private:
  const std::string* find(std::string_view name) const;
  const web::Request& request_;
};

}  // namespace outaged
