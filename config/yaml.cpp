#include "config/yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <exception>
#include <optional>
#include <set>
#include <sstream>
#include <string>

#include "core/text.h"

namespace outaged::config {
namespace {

struct Place {
  int line = 0, column = 0;
};
Place place(const YAML::Mark& mark) { return {mark.line + 1, mark.column + 1}; }

/// Ends the parse after its reason has been reported.
struct Stop {};

/// Whether the quoted text that begins at `pos` runs over several lines: often a forgotten closing quote.
bool spans_lines(std::string_view text, std::size_t pos) {
  if (pos >= text.size() || (text[pos] != '"' && text[pos] != '\'')) return false;
  const char quote = text[pos];
  for (std::size_t i = pos + 1; i < text.size(); ++i) {
    if (text[i] == '\n') return true;
    if (quote == '"' && text[i] == '\\') {
      ++i;
    } else if (text[i] == quote) {
      if (quote == '"' || i + 1 >= text.size() || text[i + 1] != quote) return false;
      ++i;
    }
  }
  return false;
}

/// Builds the tree from the parser's events and reports what the subset leaves out.
class Builder : public YAML::EventHandler {
 public:
  Builder(Yaml& out, std::string_view text, int file) : out_(out), text_(text), file_(file) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ < 2) return;
    report(place(mark), "a second document begins here; keep one document a file (a directory may hold several files)");
    throw Stop{};
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { leaf(make(Node::Kind::null, mark)); }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    report(place(mark), "aliases (*name) are not supported; write the value out, or use defaults");
    leaf(make(Node::Kind::invalid, mark));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t, const std::string& value) override {
    check_tag(mark, tag);
    Node node = make(Node::Kind::scalar, mark);
    node.text = value;
    if (tag == "!" && mark.pos >= 0 && spans_lines(text_, static_cast<std::size_t>(mark.pos)))
      last_long_quote_ = place(mark);
    // Quoted, it is an ordinary key.
    if (tag != "!" && value == "<<" && expects_key()) {
      report(place(mark), "merge keys (<<) are not supported; write the values out, or use defaults");
      node.kind = Node::Kind::invalid;
    }
    leaf(std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                       YAML::EmitterStyle::value style) override {
    open(Node::Kind::list, mark, tag, style);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                  YAML::EmitterStyle::value style) override {
    open(Node::Kind::map, mark, tag, style);
  }
  void OnMapEnd() override { close(); }

  void OnAnchor(const YAML::Mark& mark, const std::string&) override {
    report(place(mark), "anchors (&name) are not supported; write the value out where it is needed, or use defaults");
  }

  /// The innermost [ or { that is still open, for the error that says so.
  std::optional<Place> open_bracket() const {
    for (auto it = stack_.rbegin(); it != stack_.rend(); ++it)
      if (it->flow) return Place{it->node.line, it->node.column};
    return std::nullopt;
  }
  const std::optional<Place>& last_long_quote() const { return last_long_quote_; }

  void report(Place at, std::string message) { out_.problems.push_back({at.line, at.column, std::move(message)}); }

 private:
  struct Open {
    Node node;
    bool flow = false;
    std::set<std::string> seen;  // keys of a map
  };

  Node make(Node::Kind kind, const YAML::Mark& mark) const {
    Node node;
    node.kind = kind;
    node.file = file_;
    node.line = mark.line + 1;
    node.column = mark.column + 1;
    return node;
  }

  void check_tag(const YAML::Mark& mark, const std::string& tag) {
    if (tag.empty() || tag == "?" || tag == "!") return;  // the parser's own: plain, quoted
    report(place(mark), "tags (!name) are not supported; leave it out");
  }

  bool expects_key() const {
    return !stack_.empty() && stack_.back().node.kind == Node::Kind::map &&
           stack_.back().node.keys.size() == stack_.back().node.items.size();
  }

  void open(Node::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::EmitterStyle::value style) {
    check_tag(mark, tag);
    if (static_cast<int>(stack_.size()) >= yaml_depth_limit) {
      report(place(mark), fmt::format("nested deeper than {} levels", yaml_depth_limit));
      throw Stop{};
    }
    Open opened;
    opened.node = make(kind, mark);
    opened.flow = style == YAML::EmitterStyle::Flow;
    stack_.push_back(std::move(opened));
  }

  void close() {
    Node node = std::move(stack_.back().node);
    stack_.pop_back();
    leaf(std::move(node));
  }

  void leaf(Node node) {
    if (stack_.empty()) {
      out_.root = std::move(node);
      return;
    }
    Open& parent = stack_.back();
    if (expects_key()) {
      check_key(parent, node);
      parent.node.keys.push_back(std::move(node));
    } else {
      parent.node.items.push_back(std::move(node));
    }
  }

  void check_key(Open& parent, Node& key) {
    if (key.kind == Node::Kind::invalid) return;
    if (key.kind != Node::Kind::scalar) {
      report({key.line, key.column}, "a key must be plain text");
      key.kind = Node::Kind::invalid;
      return;
    }
    if (parent.seen.insert(key.text).second) return;
    for (const Node& first : parent.node.keys) {
      if (first.kind != Node::Kind::scalar || first.text != key.text) continue;
      report({key.line, key.column}, fmt::format("duplicate key \"{}\"; the first is at line {}, column {}",
                                                 clean_line(key.text, 60), first.line, first.column));
      break;
    }
    key.kind = Node::Kind::invalid;
  }

  Yaml& out_;
  std::string_view text_;
  int file_;
  int documents_ = 0;
  std::vector<Open> stack_;
  std::optional<Place> last_long_quote_;
};

/// What comes after the text: without it the parser takes an unclosed quote to the end of the file for a value.
constexpr std::string_view end_of_document = "\n...\n";

bool quote_is_open(const std::string& message) {
  return message == YAML::ErrorMsg::DOC_IN_SCALAR || message == YAML::ErrorMsg::EOF_IN_SCALAR;
}

/// True if the text, ended here, ends inside a quoted scalar.
bool ends_in_quote(std::string_view text) {
  struct Deaf : YAML::EventHandler {
    void OnDocumentStart(const YAML::Mark&) override {}
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
    void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
    void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
    void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
    void OnSequenceEnd() override {}
    void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
    void OnMapEnd() override {}
  };
  try {
    std::istringstream in(std::string(text).append(end_of_document));
    YAML::Parser parser(in);
    Deaf deaf;
    while (parser.HandleNextDocument(deaf)) {
    }
  } catch (const YAML::Exception& error) {
    return quote_is_open(error.msg);
  } catch (const std::exception&) {
  }
  return false;
}

/// The place of the quote that is never closed. The parser only tells where the text ended: the culprit is the last
/// quote before which the text does not end inside one. Bounded, as each question is one more parse.
std::optional<Place> open_quote(std::string_view text) {
  std::size_t end = text.size();
  for (int tries = 0; tries < 64; ++tries) {
    const std::size_t quote = text.find_last_of("\"'", end == 0 ? 0 : end - 1);
    if (end == 0 || quote == std::string_view::npos) return std::nullopt;
    if (!ends_in_quote(text.substr(0, quote))) {
      const std::string_view before = text.substr(0, quote);
      const std::size_t newline = before.rfind('\n');
      return Place{static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1,
                   static_cast<int>(newline == std::string_view::npos ? quote + 1 : quote - newline)};
    }
    end = quote;
  }
  return std::nullopt;
}

/// The text with the quote at `at` closed on its own line: before the brackets that end the line, or at its end.
std::vector<std::string> close_quote(std::string_view text, Place at) {
  std::size_t begin = 0;
  for (int line = 1; line < at.line; ++line) begin = text.find('\n', begin) + 1;
  const std::size_t quote = begin + static_cast<std::size_t>(at.column) - 1;
  std::size_t end = std::min(text.find('\n', quote), text.size());
  if (end > quote + 1 && text[end - 1] == '\r') --end;
  std::size_t before = end;
  while (before > quote + 1 && std::string_view("]} ,").find(text[before - 1]) != std::string_view::npos) --before;
  std::vector<std::string> out;
  for (const std::size_t place : {before, end}) out.push_back(std::string(text).insert(place, 1, text[quote]));
  return out;
}

/// The parser's message in words that name the mend.
std::string explain(const std::string& message) {
  namespace said = YAML::ErrorMsg;
  if (message == said::END_OF_MAP || message == said::END_OF_SEQ)
    return "this does not fit the lines above: check the indentation, and that every quote is closed";
  if (message == said::MAP_VALUE)
    return "a \":\" where none may stand: put text that holds \": \" into quotes, or check the indentation";
  if (message == said::MAP_KEY) return "a key where none may stand: check the indentation";
  if (message == said::BLOCK_ENTRY) return "a \"-\" where none may stand: check the indentation";
  if (message == said::FLOW_END)
    return "a closing ] or } that was never opened; put text that begins with it into quotes";
  if (message == said::UNKNOWN_TOKEN || message == said::CHAR_IN_SCALAR)
    return "plain text cannot begin with this character; put it into quotes";
  if (message == said::UNKNOWN_ANCHOR || message == said::ALIAS_NOT_FOUND)
    return "aliases (*name) are not supported; put text that begins with * into quotes";
  if (message.starts_with(said::INVALID_ESCAPE))
    return "unknown escape in a double-quoted text: write \\\\ for a backslash, or use single quotes";
  return "not valid YAML: " + clean_line(message, 100);
}

/// YAML is UTF-8 text here. The first byte that is not, or that is an invisible control character, with its place.
std::optional<YamlProblem> check_bytes(std::string_view text) {
  int line = 1, column = 1;
  for (std::size_t i = 0; i < text.size();) {
    const unsigned char c = static_cast<unsigned char>(text[i]);
    std::size_t length = 1;
    if (c < 0x80) {
      if ((c < 0x20 && c != '\n' && c != '\r' && c != '\t') || c == 0x7f)
        return YamlProblem{line, column, fmt::format("an invisible control character (0x{:02x}); remove it", c)};
    } else {
      length = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
      const unsigned char low = c == 0xe0   ? 0xa0
                                : c == 0xf0 ? 0x90
                                            : 0x80,
                          high = c == 0xed   ? 0x9f
                                 : c == 0xf4 ? 0x8f
                                             : 0xbf;
      bool good = c >= 0xc2 && c <= 0xf4 && i + length <= text.size();
      for (std::size_t k = 1; good && k < length; ++k) {
        const unsigned char next = static_cast<unsigned char>(text[i + k]);
        good = k == 1 ? next >= low && next <= high : next >= 0x80 && next <= 0xbf;
      }
      if (!good) return YamlProblem{line, column, "not UTF-8 text; save the file as UTF-8"};
    }
    if (c == '\n') {
      ++line;
      column = 1;
    } else {
      column += static_cast<int>(length);
    }
    i += length;
  }
  return std::nullopt;
}

/// A tab in the indentation of that line. The parser seldom says so: it takes the tab for a part of the text.
std::optional<Place> tab_before(std::string_view text, int line) {
  std::size_t begin = 0;
  for (int i = 1; i < line; ++i) {
    const std::size_t newline = text.find('\n', begin);
    if (newline == std::string_view::npos) return std::nullopt;
    begin = newline + 1;
  }
  for (std::size_t i = begin; i < text.size() && (text[i] == ' ' || text[i] == '\t'); ++i)
    if (text[i] == '\t') return Place{line, static_cast<int>(i - begin) + 1};
  return std::nullopt;
}

/// Returns the place of the quote that is to blame, where it is one.
std::optional<Place> report_syntax(Builder& builder, std::string_view text, const YAML::Exception& error) {
  if (quote_is_open(error.msg)) {
    const auto quote = open_quote(text);
    builder.report(quote.value_or(place(error.mark)), "this quote is never closed");
    return quote;
  }
  const bool list_open = error.msg == YAML::ErrorMsg::END_OF_SEQ_FLOW;
  if (list_open || error.msg == YAML::ErrorMsg::END_OF_MAP_FLOW) {
    builder.report(builder.open_bracket().value_or(place(error.mark)),
                   list_open ? "this [ is not closed with a ]; between items stands a comma"
                             : "this { is not closed with a }; between keys stands a comma");
    return std::nullopt;
  }
  if (const auto tab = tab_before(text, error.mark.line + 1)) {
    builder.report(*tab, "a tab in the indentation; use spaces");
    return std::nullopt;
  }
  Place where = place(error.mark);
  // The mark stands behind the two characters of the escape.
  if (error.msg.starts_with(YAML::ErrorMsg::INVALID_ESCAPE)) where.column = std::max(1, where.column - 2);
  std::string message = explain(error.msg);
  if (builder.last_long_quote())
    message += fmt::format(
        "; the quoted text that begins at line {}, column {} runs over several lines: is its closing quote missing?",
        builder.last_long_quote()->line, builder.last_long_quote()->column);
  builder.report(where, std::move(message));
  return builder.last_long_quote();
}

/// One pass over the text. The place of the quote that is to blame for a syntax error, if it is one.
std::optional<Place> read(std::string_view text, int file, Yaml& out) {
  Builder builder(out, text, file);
  try {
    std::istringstream in(std::string(text).append(end_of_document));
    YAML::Parser parser(in);
    while (parser.HandleNextDocument(builder)) {
    }
    out.complete = true;
  } catch (const Stop&) {
  } catch (const YAML::Exception& error) {
    return report_syntax(builder, text, error);
  } catch (const std::exception& error) {
    out.problems.push_back({0, 0, "not valid YAML: " + clean_line(error.what(), 100)});
  }
  return std::nullopt;
}

/// One forgotten quote must not hide all other problems: with it closed, the rest may be readable.
void mend(std::string_view text, int file, Place quote, Yaml& out) {
  for (const std::string& closed : close_quote(text, quote)) {
    Yaml mended;
    read(closed, file, mended);
    if (!mended.complete) continue;
    out.root = std::move(mended.root);
    out.mended = true;
    out.guessed_line = quote.line;
    // What the first pass found before it met the quote, the second found again.
    const YamlProblem syntax = std::move(out.problems.back());
    out.problems = std::move(mended.problems);
    std::erase_if(out.problems, [&](const YamlProblem& problem) { return problem.line == quote.line; });
    out.problems.push_back(syntax);
    return;
  }
}

}  // namespace

std::string_view spell(Node::Kind kind) {
  switch (kind) {
    case Node::Kind::invalid:
      return "something invalid";
    case Node::Kind::null:
      return "nothing";
    case Node::Kind::scalar:
      return "text";
    case Node::Kind::list:
      return "a list";
    case Node::Kind::map:
      return "a map of keys";
  }
  return "?";
}

Yaml parse_yaml(std::string_view text, int file) {
  Yaml out;
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  if (text.size() > yaml_size_limit) {
    out.problems.push_back(
        {0, 0, fmt::format("larger than {} MiB; split it into a directory of files", yaml_size_limit >> 20)});
    return out;
  }
  if (auto problem = check_bytes(text)) {
    out.problems.push_back(std::move(*problem));
    return out;
  }
  if (const auto quote = read(text, file, out)) mend(text, file, *quote, out);
  return out;
}

}  // namespace outaged::config
