#include "tuner/codegen/source_digest.h"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <set>

#include "proto/support/sha256.h"

namespace tilewright {
namespace {

bool IsWord(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// Two of these side by side may be one operator: "> >" is not ">>".
bool JoinsOperators(char c) {
  return std::string_view("+-*/%&|^=<>!:.#").find(c) != std::string_view::npos;
}

// Copies the tokens of a source, in order.
class Normalizer {
 public:
  explicit Normalizer(std::string_view text) : text_(text) {}

  std::string Run() {
    while (at_ < text_.size()) Step();
    if (directive_) out_ += '\n';
    return std::move(out_);
  }

 private:
  char Peek() const { return text_[at_]; }
  bool StartsWith(std::string_view prefix) const {
    return text_.substr(at_, prefix.size()) == prefix;
  }

  void Step() {
    if (StartsWith("//")) {
      at_ = std::min(text_.find('\n', at_), text_.size());
      gap_ = true;
    } else if (StartsWith("/*")) {
      const std::size_t end = text_.find("*/", at_ + 2);
      at_ = end == std::string_view::npos ? text_.size() : end + 2;
      gap_ = true;
    } else if (StartsWith("\\\n")) {
      at_ += 2;
      gap_ = true;
    } else if (Peek() == '\n') {
      EndLine();
    } else if (std::isspace(static_cast<unsigned char>(Peek())) != 0) {
      ++at_;
      gap_ = true;
    } else if (Peek() == '"' || Peek() == '\'') {
      TakeLiteral();
    } else {
      TakeCharacter();
    }
  }

  void EndLine() {
    ++at_;
    line_begins_ = true;
    gap_ = true;
    if (!directive_) return;
    out_ += '\n';
    directive_ = false;
  }

  // Writes a space if the characters on both sides would make another token without it. In a
  // directive every gap becomes a space: "#define F (x)" is not "#define F(x)".
  void CloseGap(char next) {
    if (gap_ && !out_.empty() && out_.back() != '\n') {
      const char last = out_.back();
      if (directive_ || (IsWord(last) && IsWord(next)) ||
          (JoinsOperators(last) && JoinsOperators(next))) {
        out_ += ' ';
      }
    }
    gap_ = false;
  }

  void TakeCharacter() {
    const char c = text_[at_++];
    const bool begins_directive = line_begins_ && c == '#';
    line_begins_ = false;
    if (begins_directive && !out_.empty() && out_.back() != '\n') out_ += '\n';
    CloseGap(c);
    out_ += c;
    directive_ = directive_ || begins_directive;
  }

  void TakeLiteral() {
    const bool raw = Peek() == '"' && !out_.empty() && out_.back() == 'R' && !gap_;
    line_begins_ = false;
    CloseGap(Peek());
    const std::size_t begin = at_;
    if (raw) {
      const std::size_t open = text_.find('(', at_);
      const std::string end = open == std::string_view::npos
                                  ? std::string()
                                  : ")" + std::string(text_.substr(at_ + 1, open - at_ - 1)) + "\"";
      const std::size_t close = end.empty() ? open : text_.find(end, open);
      at_ = close == std::string_view::npos ? text_.size() : close + end.size();
    } else {
      const char quote = text_[at_++];
      while (at_ < text_.size() && text_[at_] != quote && text_[at_] != '\n') {
        at_ += text_[at_] == '\\' ? 2 : 1;
      }
      at_ = std::min(at_ + 1, text_.size());
    }
    out_ += text_.substr(begin, at_ - begin);
  }

  const std::string_view text_;
  std::size_t at_ = 0;
  std::string out_;
  bool gap_ = false;         // White space or a comment came since the last token.
  bool line_begins_ = true;  // The line has only white space so far.
  bool directive_ = false;   // The line begins with #.
};

// Returns the path of each line `#include "path"`.
std::vector<std::string_view> Includes(std::string_view text) {
  constexpr std::string_view kDirective = "#include \"";
  std::vector<std::string_view> paths;
  for (std::size_t at = text.find(kDirective); at != std::string_view::npos;
       at = text.find(kDirective, at + 1)) {
    if (at > 0 && text[at - 1] != '\n') continue;
    const std::size_t begin = at + kDirective.size();
    paths.push_back(text.substr(begin, text.find('"', begin) - begin));
  }
  return paths;
}

const EmbeddedFile* Find(std::string_view path, const std::vector<EmbeddedFile>& files) {
  for (const EmbeddedFile& file : files) {
    if (file.path == path) return &file;
  }
  return nullptr;
}

// Returns the paths in `open` and all that they reach, as far as `files` has them.
std::set<std::string_view> Closure(std::vector<std::string_view> open,
                                   const std::vector<EmbeddedFile>& files) {
  std::set<std::string_view> closure;
  while (!open.empty()) {
    const std::string_view path = open.back();
    open.pop_back();
    const EmbeddedFile* file = Find(path, files);
    if (file == nullptr || !closure.insert(file->path).second) continue;
    for (const std::string_view included : Includes(file->text)) open.push_back(included);
  }
  return closure;
}

}  // namespace

std::string NormalizeSource(std::string_view text) { return Normalizer(text).Run(); }

std::vector<std::string_view> IncludeClosure(std::string_view root,
                                             const std::vector<EmbeddedFile>& files) {
  const auto closure = Closure({root}, files);
  return {closure.begin(), closure.end()};
}

std::vector<EmbeddedFile> IncludedFiles(std::string_view text,
                                        const std::vector<EmbeddedFile>& files) {
  std::vector<EmbeddedFile> included;
  for (const std::string_view path : Closure(Includes(text), files)) {
    included.push_back(*Find(path, files));
  }
  return included;
}

std::string ClosureDigest(std::string_view root, const std::vector<EmbeddedFile>& files) {
  // The lengths keep different splits of the same bytes apart.
  std::string bytes;
  for (const std::string_view path : IncludeClosure(root, files)) {
    const std::string text = NormalizeSource(Find(path, files)->text);
    bytes += std::to_string(path.size()) + ' ' + std::to_string(text.size()) + ' ';
    bytes += path;
    bytes += text;
  }
  return ToHex(Sha256(bytes));
}

}  // namespace tilewright
