#include "probes/llm/wires/shapes.h"

#include <nlohmann/json.hpp>

namespace outaged::probes::llm {

std::optional<BodyReading> read_error_body(const nlohmann::json& document) {
  if (!tells_error(document)) return std::nullopt;
  BodyReading out;
  out.shape = BodyReading::Shape::error;
  out.error = read_error_document(document).value_or(ProviderError{});
  return out;
}

BodyReading right(std::string_view what) {
  BodyReading out;
  out.shape = BodyReading::Shape::right;
  out.what = what;
  return out;
}

BodyReading wrong(std::string_view what) {
  BodyReading out;
  out.what = what;
  return out;
}

}  // namespace outaged::probes::llm
