//===- YamlTree.cpp - A bounded tree of a YAML text -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Built from yaml-cpp's event stream: its own node graph would share aliased nodes and give no say in depth or number before
// everything is read. The only file that calls yaml-cpp; its exceptions end here.
//===----------------------------------------------------------------------===//
#include "YamlTree.h"
#include <algorithm>
#include <sstream>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

namespace ranvier::hw::detail {

const char *toString(YamlNode::Kind kind) {
  switch (kind) {
  case YamlNode::Kind::Null:
    return "nothing";
  case YamlNode::Kind::Scalar:
    return "a single value";
  case YamlNode::Kind::List:
    return "a list";
  case YamlNode::Kind::Map:
    return "a section";
  }
  return "?";
}

namespace {
std::string lineText(int line) { return "line " + std::to_string(line); }

/// Leaves the parser at the first event that is refused; never leaves this file.
struct Refused {
  Error error;
};

class TreeBuilder : public YAML::EventHandler {
public:
  explicit TreeBuilder(const std::string &file) : file(file) { open.push_back({}); }

  void OnDocumentStart(const YAML::Mark &) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark &mark, YAML::anchor_t anchor) override {
    begin(mark, anchor, "", YamlNode::Kind::Null);
    end();
  }
  void OnAlias(const YAML::Mark &mark, YAML::anchor_t) override { refuse(mark, "an alias (*name)"); }
  void OnScalar(const YAML::Mark &mark, const std::string &tag, YAML::anchor_t anchor, const std::string &value) override {
    YamlNode &node = begin(mark, anchor, tag, YamlNode::Kind::Scalar);
    node.text = value;
    node.quoted = tag == "!";
    end();
  }
  void OnSequenceStart(const YAML::Mark &mark, const std::string &tag, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    begin(mark, anchor, tag, YamlNode::Kind::List);
  }
  void OnSequenceEnd() override { end(); }
  void OnMapStart(const YAML::Mark &mark, const std::string &tag, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    begin(mark, anchor, tag, YamlNode::Kind::Map);
  }
  void OnMapEnd() override { end(); }

  YamlNode takeRoot() { return open.front().items.empty() ? YamlNode{} : std::move(open.front().items.front()); }

private:
  [[noreturn]] void refuse(const YAML::Mark &mark, std::string found) {
    throw Refused{{.code = 2004,
                   .message = "YAML that descriptions do not use",
                   .file = file,
                   .place = lineText(mark.line + 1),
                   .expected = "plain maps, lists and values, at most " + std::to_string(maxYamlDepth) + " deep and " +
                               std::to_string(maxYamlNodes) + " in all",
                   .found = std::move(found)}};
  }

  YamlNode &begin(const YAML::Mark &mark, YAML::anchor_t anchor, const std::string &tag, YamlNode::Kind kind) {
    if (anchor != YAML::NullAnchor)
      refuse(mark, "an anchor (&name)");
    if (!tag.empty() && tag != "?" && tag != "!")
      refuse(mark, "a tag (!name)");
    if (open.size() > maxYamlDepth)
      refuse(mark, "nesting deeper than that");
    if (++nodes > maxYamlNodes)
      refuse(mark, "more values than that");
    open.push_back({});
    open.back().kind = kind;
    open.back().line = mark.line + 1;
    return open.back();
  }

  void end() {
    YamlNode node = std::move(open.back());
    open.pop_back();
    YamlNode &parent = open.back();
    if (parent.kind != YamlNode::Kind::Map || parent.keys.size() > parent.items.size()) {
      parent.items.push_back(std::move(node));
      return;
    }
    if (node.kind != YamlNode::Kind::Scalar)
      throw Refused{{.code = 2004,
                     .message = "a key that is not a single value",
                     .file = file,
                     .place = lineText(node.line),
                     .expected = "a name",
                     .found = toString(node.kind)}};
    // Maps of a chip description are short; the bound on nodes keeps a hostile one from being quadratic for long.
    if (parent.keys.size() > 1000)
      throw Refused{{.code = 2004, .message = "a section with more than 1000 keys", .file = file, .place = lineText(node.line)}};
    for (const YamlNode &key : parent.keys)
      if (key.text == node.text)
        throw Refused{{.code = 2006,
                       .message = "a key occurs twice",
                       .file = file,
                       .place = lineText(node.line) + ", key '" + node.text + "'",
                       .expected = "one value (the first is on line " + std::to_string(key.line) + ")",
                       .found = "two"}};
    parent.keys.push_back(std::move(node));
  }

  const std::string &file;
  std::vector<YamlNode> open;
  size_t nodes = 0;
};

Error syntaxError(const std::string &file, std::string place, std::string found) {
  return Error{.code = 2001,
               .message = "the text is not YAML",
               .file = file,
               .place = std::move(place),
               .expected = "YAML in UTF-8",
               .found = std::move(found)};
}
} // namespace

Result<YamlNode> parseYaml(const std::string &text, const std::string &file) {
  if (text.size() > maxYamlBytes)
    return Error{.code = 2004,
                 .message = "the description is too large",
                 .file = file,
                 .place = "whole file",
                 .expected = "at most " + std::to_string(maxYamlBytes) + " bytes",
                 .found = std::to_string(text.size())};
  for (size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if ((byte < 0x20 && byte != '\n' && byte != '\t' && byte != '\r') || byte == 0x7F || byte >= 0xFE)
      return syntaxError(file,
                         lineText(1 + static_cast<int>(std::count(text.begin(), text.begin() + static_cast<ptrdiff_t>(at), '\n'))),
                         "byte " + std::to_string(byte));
  }
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    TreeBuilder builder(file);
    const bool any = parser.HandleNextDocument(builder);
    YamlNode root = builder.takeRoot();
    if (TreeBuilder second(file); any && parser.HandleNextDocument(second))
      return Error{.code = 2004,
                   .message = "more than one YAML document in the file",
                   .file = file,
                   .place = "whole file",
                   .expected = "one"};
    return root;
  } catch (const Refused &refused) {
    return refused.error;
  } catch (const YAML::Exception &failure) {
    return syntaxError(file, lineText(failure.mark.line + 1), failure.msg);
  } catch (const std::exception &failure) {
    return syntaxError(file, "whole file", failure.what());
  }
}

} // namespace ranvier::hw::detail
