#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "config/sections.h"
#include "config/values.h"

namespace outaged::config {
namespace {

void read_command(Section& section, ExecCheck& check) {
  Reader& reader = section.reader();
  section.require("command", "a list of the program and its arguments");
  const Node* node = section.get("command");
  if (node == nullptr) return;
  if (node->kind == Node::Kind::scalar)
    return reader.problem(*node,
                          "command must be a list, as there is no shell: [/usr/lib/nagios/plugins/check_ssh, "
                          "-p, \"22\", example.com]");
  for (const Node* item : section.list("command"))
    if (auto text = reader.scalar(*item, "each item of command")) check.command.push_back(std::move(*text));
  if (check.command.empty()) return reader.problem(*node, "command is empty; name the program and its arguments");
  std::string& program = check.command.front();
  if (program.empty()) return reader.problem(node->items.front(), "the program has no name");
  // A bare name is looked for in $PATH, as execvp does.
  if (program.find('/') == std::string::npos) return;
  program = reader.resolve(*node, program);
  if (::access(program.c_str(), X_OK) != 0)
    reader.note(reader.at(node->items.front()),
                fmt::format("command: cannot run {} now: {}", in_quotes(program), std::generic_category().message(errno)));
}

void read_environment(Section& section, ExecCheck& check) {
  Reader& reader = section.reader();
  const Node* node = section.get("environment");
  if (node == nullptr) return;
  if (node->kind != Node::Kind::map)
    return reader.problem(*node,
                          fmt::format("environment must be a map of names to values, not {}", spell(node->kind)));
  for (std::size_t i = 0; i < node->keys.size(); ++i) {
    const Node &key = node->keys[i], &value = node->items[i];
    if (key.kind != Node::Kind::scalar || value.kind == Node::Kind::invalid) continue;
    if (!is_identifier(key.text))
      reader.problem(key, fmt::format("{} is not the name of an environment variable, which has letters, digits and _",
                                      in_quotes(key.text)));
    else if (value.kind == Node::Kind::null)
      reader.problem(key, fmt::format("{} has no value; give it one, or remove it", key.text));
    else if (auto secret = read_secret_value(reader, value, fmt::format("the variable {}", key.text)))
      check.environment.emplace_back(key.text, std::move(*secret));
  }
}

}  // namespace

void read_exec_check(Section& section, Target& target) {
  auto& check = target.check.emplace<ExecCheck>();
  read_command(section, check);
  read_environment(section, check);
  section.boolean("warning_is_ok", check.warning_is_ok);
  section.size("max_output", check.max_output, 1024, 16u << 20);
}

}  // namespace outaged::config
