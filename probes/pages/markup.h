// Bytes and markup made into plain text: UTF-16 to UTF-8, HTML to a line people can read. Pure and bounded; any thread.
// Used by every format; never trusts what it is given.
#pragma once

#include <string>
#include <string_view>

namespace outaged::probes {

/// UTF-16 (with a byte order mark, or plainly recognisable without) becomes UTF-8; a UTF-8 mark is taken off; anything
/// else is returned as it is. A lone surrogate becomes U+FFFD.
std::string to_utf8(std::string_view bytes);

/// "&amp;" and its kin, named (the common ones), decimal and hexadecimal.
std::string decode_entities(std::string_view text);

/// Tags and comments taken out, block ends made spaces, entities decoded twice (feeds escape once or twice), white
/// space folded; one clean line of at most `max_bytes`.
std::string html_text(std::string_view html, std::size_t max_bytes = 500);

}  // namespace outaged::probes
