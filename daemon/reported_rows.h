// The body of POST /api/v1/observations, read row by row: one JSON object, an array of them, or one a line (NDJSON).
// Pure; called on web threads. A row that is wrong is told with its number and what to mend; the others are kept.
// Nothing of the text is believed: types, sizes and characters are checked here, names by whoever takes the row.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/classes.h"
#include "core/time.h"

namespace outaged {

/// What a client reports: `count` requests of a component that met the same.
struct ReportedRow {
  std::string component, target;  // full names; one of them
  std::string source;             // who reports
  std::string model, region, request_id;
  std::optional<Timestamp> at;    // when they ended
  std::optional<Class> cls;       // of outcome, class or status
  std::uint16_t status = 0;       // HTTP; 0: not given
  std::optional<double> latency_ms;
  std::uint32_t count = 1;
};

struct RowProblem {
  std::size_t row = 0;            // from 1
  std::string problem;
};

inline constexpr std::size_t most_rows = 10'000;             // in one request
inline constexpr std::uint32_t most_count = 1'000'000;       // in one row
inline constexpr std::size_t most_source_bytes = 64, most_label_bytes = 100, most_request_id_bytes = 200;

/// Takes a row, or says what is wrong with it: empty is well.
using TakeRow = std::function<std::string(const ReportedRow& row)>;

struct RowsRead {
  std::size_t accepted = 0, refused = 0;
  std::vector<RowProblem> problems;
};

/// `class_of_status` maps an HTTP status. Never throws.
RowsRead read_reported_rows(std::string_view body, Class (*class_of_status)(int status), const TakeRow& take);

}  // namespace outaged
