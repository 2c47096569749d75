// What applications report of their real traffic, and people of what they see: checked against the picture, bounded,
// put together and handed to the pipeline's inbox. Called on web threads, by daemon/api_ingest.cpp; never blocks on the
// pipeline: what the inbox has no room for is refused, and the client told to try again.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "config/config.h"
#include "daemon/inbox.h"
#include "daemon/published.h"
#include "daemon/rate_limit.h"
#include "daemon/reported_rows.h"

namespace outaged {

class Ingest {
 public:
  /// How old a row may be: older ones say nothing about now. And how far ahead a client's clock may be.
  static constexpr Duration oldest = 10min, ahead = 1min;
  /// A stream unheard of for this long makes room for a new one.
  static constexpr Duration forgotten_after = 24h;

  using Push = std::function<bool(decltype(Entry::what))>;  // false: no room
  Ingest(const Board& board, const Clock& clock, Push push, std::shared_ptr<IngestCounters> counters)
      : board_(board), clock_(clock), push_(std::move(push)), counters_(std::move(counters)) {
    configure({});
  }

  void configure(const config::Ingest& limits);

  struct Taken {
    enum class Outcome : std::uint8_t { done, not_ready, too_fast, no_room } outcome = Outcome::done;
    Duration retry_after{};          // too_fast
    RowsRead rows;
    std::uint64_t requests = 0;      // what the accepted rows stand for
  };
  /// A body of observations from this peer. On no_room nothing of it was taken.
  Taken observations(std::string_view body, const std::string& peer);

  /// "It fails for me too." `component` is a full name; `by` "" stands for the peer. Error: unknown component.
  Result<Taken> report(const std::string& component, const std::string& by, const std::string& comment, const std::string& peer);

 private:
  struct Place {
    ComponentId component{};
    std::string name;   // the component's
    Labels labels;      // the target's, if it is one
  };
  /// Names of one topology, made once for each.
  struct Names {
    std::shared_ptr<const Topology> topology;
    Timestamp made{};   // engine's time; who was not heard of for long is found anew every hour
    std::map<std::string, Place, std::less<>> components, targets;
    std::set<std::string, std::less<>> streams;
  };
  std::shared_ptr<const Names> names();
  Taken put_off(Taken taken, Taken::Outcome why);
  std::string admit(const std::string& stream, const Names& names);

  const Board& board_;
  const Clock& clock_;
  const Push push_;
  const std::shared_ptr<IngestCounters> counters_;
  RateLimit rows_, reports_, all_reports_;
  std::mutex mutex_;                               // of what follows
  std::size_t max_streams_ = config::Ingest{}.max_streams;
  std::shared_ptr<const Names> names_;
  std::set<std::string, std::less<>> admitted_;    // since the picture above: new streams on their way
};

}  // namespace outaged
