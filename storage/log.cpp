#include "storage/log.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "core/codec.h"
#include "storage/rows.h"

namespace outaged::storage {
namespace {

// The window widens and narrows towards this many inputs: some megabytes.
constexpr std::size_t few = 5'000, many = 40'000;
constexpr Duration first_window = 1min, widest = 24h, narrowest = 1s;

class LogReader {
 public:
  explicit LogReader(Database& database)
      : database_(database),
        next_at_(database.prepare(fmt::format(
            "{} SELECT min(at) FROM ("
            "SELECT (SELECT min(at) FROM observations o WHERE o.target = seen.target AND o.at >= ?1) AS at FROM seen "
            "UNION ALL SELECT min(at) FROM inputs WHERE at >= ?1 "
            "UNION ALL SELECT * FROM ({} SELECT min((SELECT min(at) FROM claims c WHERE c.component = seen.component "
            "AND c.at >= ?1)) FROM seen))",
            targets_seen, components_claimed))),
        observations_(database.prepare(fmt::format(
            "{} SELECT {} FROM seen CROSS JOIN observations o ON o.target = seen.target AND o.at >= ?1 AND o.at < ?2 "
            "LEFT JOIN evidence e ON e.target = o.target AND e.at = o.at AND e.seq = o.seq "
            "WHERE o.seq > ?3 AND o.seq <= ?4",
            targets_seen, observation_columns))),
        claims_(database.prepare(fmt::format(
            "{} SELECT {} FROM seen CROSS JOIN claims c ON c.component = seen.component AND c.at >= ?1 AND c.at < ?2 "
            "JOIN claim_words w ON w.id = c.words LEFT JOIN documents d ON d.id = c.document "
            "WHERE c.seq > ?3 AND c.seq <= ?4",
            components_claimed, claim_columns))),
        inputs_(database.prepare(
            "SELECT seq, at, body FROM inputs WHERE at >= ?1 AND at < ?2 AND seq > ?3 AND seq <= ?4")) {}

  /// The time of the first input at or after `from`.
  std::optional<Timestamp> next_at(Timestamp from) {
    Rows rows = next_at_.query(from);
    return rows.next() ? rows.maybe_time(0) : std::nullopt;
  }

  void window(Timestamp from, Timestamp to, Seq after, Seq last, std::vector<Input>& out,
              const std::function<void(std::string)>& problem) {
    out.clear();
    const Transaction one_view(database_, Transaction::Kind::read);
    for (Rows rows = observations_.query(from, to, after, last); rows.next();) {
      RecordedObservation row = read_observation(rows);
      out.push_back({row.seq, row.at, std::move(row.observation)});
    }
    for (Rows rows = claims_.query(from, to, after, last); rows.next();) {
      RecordedClaim row = read_claim(rows);
      out.push_back({row.seq, row.at, std::move(row.claim)});
    }
    for (Rows rows = inputs_.query(from, to, after, last); rows.next();) {
      const Seq seq = rows.as<Seq>(0);
      auto input =
          decode_input(rows.bytes(2), seq, rows.time(1), [this](const std::string& hash) { return topology(hash); });
      if (input)
        out.push_back(std::move(*input));
      else
        problem(fmt::format("input {}: {}", seq, input.error()));
    }
    std::sort(out.begin(), out.end(), [](const Input& a, const Input& b) { return a.seq < b.seq; });
  }

 private:
  std::shared_ptr<const Topology> topology(const std::string& hash) {
    auto& known = topologies_[hash];
    if (!known) known = read_topology(database_, hash);
    return known;
  }

  Database& database_;
  Statement next_at_, observations_, claims_, inputs_;
  std::map<std::string, std::shared_ptr<const Topology>> topologies_;
};

}  // namespace

void read_log(Database& database, LogRange range, const std::function<void(Input&&)>& each,
              const std::function<void(std::string)>& problem) {
  // What is stored while we read belongs to a later call: otherwise a window at the end could be read half full.
  const auto last = static_cast<Seq>(read_meta(database, "last_seq").value_or(0));
  LogReader reader(database);
  std::vector<Input> inputs;
  Duration width = first_window;
  while (const std::optional<Timestamp> from = reader.next_at(range.from)) {
    const Timestamp to = never - width > *from ? *from + width : never;
    reader.window(*from, to, range.after, last, inputs, problem);
    for (Input& input : inputs) each(std::move(input));
    if (inputs.size() < few) width = std::min(width * 2, widest);
    if (inputs.size() > many) width = std::max(width / 2, narrowest);
    if (to == never) break;
    range.from = to;
  }
}

}  // namespace outaged::storage
