#include "controller/config_reader.hpp"

#include <algorithm>
#include <set>
#include <sstream>

#include <toml++/toml.h>

namespace commonwatt {

struct ConfigTable::Node {
  const toml::table* table = nullptr;  // none: a missing table
  std::string prefix;                  // "market." for the keys of [market]
  std::set<std::string, std::less<>> asked;
  std::vector<std::shared_ptr<Node>> children;
};

struct ConfigTable::Document {
  std::filesystem::path file;
  toml::table root;
  std::vector<std::string> faults;
  bool unreadable = false;  // the only fault is that
  std::shared_ptr<Node> top;

  void note(const toml::source_region& source, const std::string& what) {
    if (unreadable) return;
    std::string where = file.string();
    if (source.begin) where += ":" + std::to_string(source.begin.line) + ":" + std::to_string(source.begin.column);
    faults.push_back(where + ": " + what);
  }

  void note_unasked(const Node& node) {
    if (node.table != nullptr) {
      for (const auto& [key, value] : *node.table) {
        if (node.asked.contains(key.str())) continue;
        std::string known;
        for (const std::string& name : node.asked) known += (known.empty() ? "" : ", ") + name;
        note(key.source(), "unknown key '" + node.prefix + std::string(key.str()) + "'; known here: " + known);
      }
    }
    for (const std::shared_ptr<Node>& child : node.children) note_unasked(*child);
  }
};

template <class Parse>
ConfigTable ConfigTable::parsed(const std::filesystem::path& file, Parse parse) {
  auto document = std::make_shared<Document>();
  document->file = file;
  document->top = std::make_shared<Node>();
  if (std::filesystem::is_directory(file)) {
    document->note({}, "is a directory; it must be a TOML file");
    document->unreadable = true;
    return {document, document->top};
  }
  try {
    document->root = parse();
    document->top->table = &document->root;
  } catch (const toml::parse_error& error) {
    document->note(error.source(), std::string(error.description()));
    document->unreadable = true;
  }
  return {document, document->top};
}

ConfigTable ConfigTable::open(const std::filesystem::path& file) {
  return parsed(file, [&] { return toml::parse_file(file.string()); });
}

ConfigTable ConfigTable::from_text(const std::filesystem::path& file, std::string_view text) {
  return parsed(file, [&] { return toml::parse(text, file.string()); });
}

bool ConfigTable::has(const char* key) const {
  return node_->table != nullptr && node_->table->contains(key);
}

bool ConfigTable::is_text(const char* key) const {
  return has(key) && (*node_->table)[key].is_string();
}

std::vector<std::string> ConfigTable::keys() const {
  std::vector<std::string> result;
  if (node_->table == nullptr) return result;
  for (const auto& [key, value] : *node_->table) result.emplace_back(key.str());
  std::sort(result.begin(), result.end());
  return result;
}

void ConfigTable::fault(const char* key, const std::string& what) {
  const toml::node* value = node_->table == nullptr ? nullptr : node_->table->get(key);
  const toml::source_region where = value != nullptr          ? value->source()
                                    : node_->table != nullptr ? node_->table->source()
                                                              : toml::source_region{};
  document_->note(where, node_->prefix + key + ": " + what);
}

std::string ConfigTable::text(const char* key, std::optional<std::string> otherwise) {
  node_->asked.insert(key);
  if (!has(key)) {
    if (otherwise) return *otherwise;
    fault(key, "is missing; a text is needed");
    return {};
  }
  const auto value = (*node_->table)[key].value_exact<std::string>();
  if (!value) fault(key, "must be a text in quotes");
  return value.value_or(std::string());
}

std::vector<std::string> ConfigTable::texts(const char* key) {
  node_->asked.insert(key);
  std::vector<std::string> result;
  if (!has(key)) return result;
  const toml::array* array = (*node_->table)[key].as_array();
  if (array == nullptr || !(array->empty() || array->is_homogeneous<std::string>())) {
    fault(key, "must be a list of texts in quotes");
    return result;
  }
  for (const toml::node& item : *array) result.push_back(item.value_or(std::string()));
  return result;
}

bool ConfigTable::boolean(const char* key, bool otherwise) {
  node_->asked.insert(key);
  if (!has(key)) return otherwise;
  const auto value = (*node_->table)[key].value_exact<bool>();
  if (!value) fault(key, "must be true or false");
  return value.value_or(otherwise);
}

std::int64_t ConfigTable::integer(const char* key, IntegerRange range, std::optional<std::int64_t> otherwise) {
  node_->asked.insert(key);
  if (!has(key)) {
    if (otherwise) return *otherwise;
    fault(key, "is missing; a whole number is needed");
    return range.low;
  }
  const auto value = (*node_->table)[key].value_exact<std::int64_t>();
  if (value && *value >= range.low && *value <= range.high) return *value;
  fault(key, "must be a whole number from " + std::to_string(range.low) + " to " + std::to_string(range.high));
  return range.low;
}

std::optional<double> ConfigTable::real(const char* key, double low, double high) {
  node_->asked.insert(key);
  if (!has(key)) return std::nullopt;
  const auto value = (*node_->table)[key].value<double>();
  if (value && *value >= low && *value <= high) return value;
  std::ostringstream what;
  what << "must be a number from " << low << " to " << high;
  fault(key, what.str());
  return std::nullopt;
}

Bytes ConfigTable::hex(const char* key, std::size_t size) {
  const std::string digits = text(key);
  std::optional<Bytes> bytes = from_hex(digits);
  if (bytes && bytes->size() == size) return *bytes;
  if (has(key)) fault(key, "must be " + std::to_string(size * 2) + " hexadecimal digits");
  return Bytes(size);
}

std::filesystem::path ConfigTable::path(const char* key, std::optional<std::string> otherwise) {
  const std::string name = text(key, std::move(otherwise));
  return name.empty() ? std::filesystem::path() : document_->file.parent_path() / name;
}

ConfigTable ConfigTable::table(const char* key) {
  node_->asked.insert(key);
  auto child = std::make_shared<Node>();
  child->prefix = node_->prefix + key + ".";
  if (has(key)) {
    child->table = (*node_->table)[key].as_table();
    if (child->table == nullptr) fault(key, "must be a table, [" + std::string(key) + "]");
  }
  node_->children.push_back(child);
  return {document_, child};
}

std::vector<ConfigTable> ConfigTable::tables(const char* key) {
  node_->asked.insert(key);
  std::vector<ConfigTable> result;
  if (!has(key)) return result;
  const toml::array* array = (*node_->table)[key].as_array();
  if (array == nullptr) {
    fault(key, "must be a list of tables, [[" + std::string(key) + "]]");
    return result;
  }
  for (const toml::node& item : *array) {
    auto child = std::make_shared<Node>();
    child->prefix = node_->prefix + key + ".";
    child->table = item.as_table();
    if (child->table == nullptr) fault(key, "must be a list of tables, [[" + std::string(key) + "]]");
    node_->children.push_back(child);
    result.push_back({document_, child});
  }
  return result;
}

std::size_t ConfigTable::fault_count() const {
  return document_->faults.size();
}

std::vector<std::string> ConfigTable::finish() {
  document_->note_unasked(*document_->top);
  return document_->faults;
}

}  // namespace commonwatt
