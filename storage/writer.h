// Writes one batch: every INSERT of the project stands in writer.cpp, each prepared once. Owned by the store, on the
// pipeline thread, inside the store's transaction. Repeating a batch changes nothing, so that a failed one can be
// tried again. Throws SqlError.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>

#include "storage/database.h"
#include "storage/store.h"

namespace outaged::storage {

class Writer {
 public:
  explicit Writer(Database& database);

  void write(const Batch& batch);
  void name(Names::Kind kind, std::uint32_t id, const std::string& name);
  void meta(std::string_view key, std::int64_t value);
  /// Drops what is remembered of rows that a rollback, or retention, may have taken away.
  void forget();

 private:
  void observation(const RecordedObservation& row);
  void claim(const RecordedClaim& row);
  void document(const PageDocument& document);
  void verdict(const RecordedVerdict& row);
  void input(const Input& input);
  void incident(const Incident& incident);
  void outbox(const OutboxRow& row);
  void snapshot(const Snapshot& snapshot);
  void spent(const Spent& row);
  void post(const PagePost& post);
  std::int64_t words_id(const Claim& claim, Timestamp at);
  std::int64_t document_id(const std::string& hash, Timestamp at);

  Statement name_, meta_, observation_, evidence_, proof_, claim_, new_words_, find_words_, document_, find_document_,
      new_document_, keep_document_, verdict_, incident_, outbox_, input_, topology_, snapshot_, thin_snapshots_, spent_, old_spent_,
      post_, update_;

  /// Rows that repeat with every sample, so that most samples cost one INSERT.
  struct Known {
    std::int64_t id = 0;
    Timestamp used{};
  };
  std::map<std::tuple<std::string, std::string, std::string>, Known> words_;
  std::map<std::string, Known> documents_;
};

}  // namespace outaged::storage
