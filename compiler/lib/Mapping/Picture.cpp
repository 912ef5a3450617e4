//===- Picture.cpp - A mapping as SVG -------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Shared.h"
#include "ranvier/Mapping/Links.h"
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::mapping::detail;

namespace {

constexpr uint64_t mostCores = 65536;
// Lengths in SVG units (pixels at scale 1).
constexpr double cell = 14, gap = 16, chipGap = 14, margin = 24, head = 78, widest = 7, narrowest = 1;

/// Where everything stands: tiles on the plane of chips, cores as a square within their tile.
class Drawing {
public:
  Drawing(const Network &network, const hw::Chip &chip, const Mapping &mapping);
  std::string draw();

private:
  double tileX(uint32_t x) const { return margin + x * (tile + gap) + x / chip.tilesX * chipGap; }
  /// North is up.
  double tileY(uint32_t y) const {
    const uint32_t up = rows - 1 - y;
    return head + up * (tile + gap) + (rows / chip.tilesY - 1 - y / chip.tilesY) * chipGap;
  }
  void box(double x, double y, double width, double height, const std::string &attributes, const std::string &title = {});
  void label(double x, double y, const std::string &text, const char *style);
  void drawChips();
  void drawLinks();
  void drawDeadLinks();
  void drawCores();
  std::string describe(size_t core) const;
  double fullest(size_t core) const;

  const Network &network;
  const hw::Chip &chip;
  const Mapping &mapping;
  const hw::Plane plane;
  const std::vector<CoreUse> use;
  const std::vector<LinkLoad> links;
  const uint32_t side;                           ///< Cores along the edge of a tile.
  const double tile;                             ///< Its width.
  uint32_t columns = 1, rows = 1;                ///< Tiles of the plane.
  std::map<uint32_t, std::vector<size_t>> chips; ///< Chips in use -> entries of mapping.cores.
  std::string out;
};

} // namespace

/// Names come from strangers.
static std::string escaped(const std::string &text) {
  std::string out;
  for (const char c : text) {
    const unsigned char byte = static_cast<unsigned char>(c);
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else
      out += byte < 0x20 || byte > 0x7e ? '?' : c; // Nothing that XML or an encoding could refuse.
  }
  return out;
}

static std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

/// From pale to dark blue, red from 95 % on.
static std::string shade(double ratio) {
  if (ratio >= 0.95)
    return "#c0392b";
  const double at = std::clamp(ratio, 0.0, 1.0);
  const auto mix = [&](double from, double to) { return static_cast<unsigned>(std::lround(from + (to - from) * at)); };
  char text[8];
  std::snprintf(text, sizeof text, "#%02x%02x%02x", mix(0xe3, 0x12), mix(0xee, 0x3d), mix(0xf9, 0x73));
  return text;
}

Drawing::Drawing(const Network &network, const hw::Chip &chip, const Mapping &mapping)
    : network(network), chip(chip), mapping(mapping), plane(chip), use(measure(network, chip, mapping)),
      links(linkLoads(network, chip, mapping)), side(static_cast<uint32_t>(std::ceil(std::sqrt(chip.coresPerTile)))),
      tile(side * cell) {
  for (size_t c = 0; c < mapping.cores.size(); ++c)
    chips[mapping.cores[c].chip].push_back(c);
  for (const auto &[id, cores] : chips) {
    const Tile last = plane.tileOf(id, chip.coresPerChip() - 1);
    columns = std::max(columns, last.x + 1);
    rows = std::max(rows, last.y + 1);
  }
  for (const LinkLoad &link : links) { // On a torus of several chips also those of chips in between.
    columns = std::max(columns, (link.x / chip.tilesX + 1) * chip.tilesX);
    rows = std::max(rows, (link.y / chip.tilesY + 1) * chip.tilesY);
  }
}

void Drawing::box(double x, double y, double width, double height, const std::string &attributes, const std::string &title) {
  out += "<rect x=\"" + number(x) + "\" y=\"" + number(y) + "\" width=\"" + number(width) + "\" height=\"" + number(height) +
         "\" " + attributes + (title.empty() ? "/>\n" : "><title>" + escaped(title) + "</title></rect>\n");
}

void Drawing::label(double x, double y, const std::string &text, const char *style) {
  out += "<text x=\"" + number(x) + "\" y=\"" + number(y) + "\" class=\"" + style + "\">" + escaped(text) + "</text>\n";
}

void Drawing::drawChips() {
  for (const auto &[id, cores] : chips) {
    const Tile first = plane.tileOf(id, 0), last = plane.tileOf(id, chip.coresPerChip() - 1);
    const double left = tileX(first.x) - gap / 2, top = tileY(last.y) - gap / 2;
    box(left, top, tileX(last.x) + tile + gap / 2 - left, tileY(first.y) + tile + gap / 2 - top,
        "fill=\"#fafafa\" stroke=\"#999\" rx=\"4\"",
        "chip " + std::to_string(id) + ": " + std::to_string(cores.size()) + " of " + std::to_string(chip.coresPerChip()) +
            " cores");
  }
}

/// Dead links of the chips in use, from the tile to the middle of the gap.
void Drawing::drawDeadLinks() {
  for (const hw::Faults::Link &link : chip.faults.links) {
    if (!chips.contains(link.chip))
      continue;
    const Tile corner = plane.tileOf(link.chip, 0);
    const int dx[] = {1, 1, 0, -1, -1, 0}, dy[] = {0, 1, 1, 0, -1, -1};
    const unsigned way = static_cast<unsigned>(link.direction);
    const double x = tileX(corner.x + link.x) + tile / 2, y = tileY(corner.y + link.y) + tile / 2, reach = (tile + gap) / 2;
    out += "<line class=\"cut\" x1=\"" + number(x) + "\" y1=\"" + number(y) + "\" x2=\"" + number(x + dx[way] * reach) +
           "\" y2=\"" + number(y - dy[way] * reach) + "\"><title>dead link: chip " + std::to_string(link.chip) + ", tile (" +
           std::to_string(link.x) + "," + std::to_string(link.y) + "), " + toString(link.direction) + "</title></line>\n";
  }
}

void Drawing::drawLinks() {
  uint64_t most = 1;
  for (const LinkLoad &link : links)
    most = std::max(most, link.messages);
  const int dx[] = {1, 1, 0, -1, -1, 0}, dy[] = {0, 1, 1, 0, -1, -1};
  for (const LinkLoad &link : links) {
    const unsigned way = static_cast<unsigned>(link.direction);
    // Both directions side by side; those around the edge of a torus are stubs.
    const double x = tileX(link.x) + tile / 2, y = tileY(link.y) + tile / 2, aside = 3.5;
    const int64_t nextX = int64_t(link.x) + dx[way], nextY = int64_t(link.y) + dy[way];
    const bool inside = nextX >= 0 && nextY >= 0 && nextX < columns && nextY < rows;
    const double toX = inside ? tileX(static_cast<uint32_t>(nextX)) + tile / 2 : x + dx[way] * (tile + gap) / 2;
    const double toY = inside ? tileY(static_cast<uint32_t>(nextY)) + tile / 2 : y - dy[way] * (tile + gap) / 2;
    const double length = std::hypot(toX - x, toY - y), sideX = -(toY - y) / length * aside, sideY = (toX - x) / length * aside;
    const double share = static_cast<double>(link.messages) / static_cast<double>(most);
    out += "<line x1=\"" + number(x + sideX) + "\" y1=\"" + number(y + sideY) + "\" x2=\"" + number(toX + sideX) + "\" y2=\"" +
           number(toY + sideY) + "\" stroke=\"#e08a1e\" stroke-width=\"" + number(narrowest + share * (widest - narrowest)) +
           "\"><title>" + toString(link.direction) + (link.betweenChips ? ", to another chip" : "") + ": " +
           std::to_string(link.messages) + " messages</title></line>\n";
  }
}

double Drawing::fullest(size_t core) const {
  double most = 0;
  for (const Limit &limit : limits(chip))
    if (limit.bound)
      most = std::max(most, static_cast<double>(use[core].*limit.use) / static_cast<double>(limit.bound));
  return most;
}

std::string Drawing::describe(size_t core) const {
  const CoreAssignment &at = mapping.cores[core];
  std::string text = "chip " + std::to_string(at.chip) + ", core " + std::to_string(at.core);
  std::map<uint32_t, uint64_t> neurons; // By population: scattered neurons are many slices.
  for (const Slice &slice : at.slices)
    neurons[slice.population] += slice.count;
  for (const auto &[population, count] : neurons)
    text += "; " + std::to_string(count) + " of " + network.populations[population].name;
  for (const Limit &limit : limits(chip))
    text += std::string("; ") + limit.name + " " + std::to_string(use[core].*limit.use) +
            (limit.bound ? " of " + std::to_string(limit.bound) : "");
  return text;
}

void Drawing::drawCores() {
  for (const auto &[id, used] : chips) {
    std::map<uint32_t, size_t> entry;
    for (size_t c : used)
      entry[mapping.cores[c].core] = c;
    for (uint32_t core = 0; core < chip.coresPerChip(); ++core) {
      const Tile at = plane.tileOf(id, core);
      const uint32_t k = core % chip.coresPerTile;
      const double x = tileX(at.x) + k % side * cell, y = tileY(at.y) + k / side * cell;
      const auto found = entry.find(core);
      if (chip.faults.isDead(id, core))
        box(x + 0.5, y + 0.5, cell - 1, cell - 1, "class=\"dead\"",
            "dead: chip " + std::to_string(id) + ", core " + std::to_string(core));
      else if (found == entry.end())
        box(x + 0.5, y + 0.5, cell - 1, cell - 1, "class=\"free\"");
      else
        box(x + 0.5, y + 0.5, cell - 1, cell - 1, "class=\"core\" fill=\"" + shade(fullest(found->second)) + "\"",
            describe(found->second));
    }
  }
}

std::string Drawing::draw() {
  const double width = std::max(420.0, tileX(columns - 1) + tile + margin), height = tileY(0) + tile + margin;
  out = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + number(width) + "\" height=\"" + number(height) +
        "\" viewBox=\"0 0 " + number(width) + " " + number(height) +
        "\">\n<style>text{font-family:sans-serif;fill:#222}.big{font-size:15px}.small{font-size:11px}"
        ".free{fill:#fff;stroke:#ccc}.dead{fill:#444;stroke:#444}.cut{stroke:#444;stroke-width:2;stroke-dasharray:2 "
        "2}.core{stroke:#333;stroke-width:0.7}</style>\n<rect width=\"100%\" height=\"100%\" "
        "fill=\"#fff\"/>\n";
  label(margin, 24,
        network.name + " on " + chip.name + ": " + std::to_string(mapping.cores.size()) + " cores of " +
            std::to_string(chips.size()) + " chip(s)",
        "big");
  uint64_t hops = 0, worst = 0;
  for (const LinkLoad &link : links) {
    hops += link.messages;
    worst = std::max(worst, link.messages);
  }
  label(margin, 42, std::string("shade: fullest limit of a core, red from 95 %") + (chip.faults.empty() ? "" : "; black: dead"),
        "small");
  if (!links.empty())
    label(margin, 56,
          "width: messages of a link when every neuron fires once; " + std::to_string(hops) + " in all, at most " +
              std::to_string(worst),
          "small");
  drawChips();
  drawLinks();
  drawDeadLinks();
  drawCores();
  return out + "</svg>\n";
}

Result<std::string> mapping::drawMapping(const Network &network, const hw::Chip &chip, const Mapping &mapping) {
  std::vector<uint32_t> chips;
  for (const CoreAssignment &core : mapping.cores)
    chips.push_back(core.chip);
  std::sort(chips.begin(), chips.end());
  chips.erase(std::unique(chips.begin(), chips.end()), chips.end());
  if (const uint64_t cores = chips.size() * uint64_t(chip.coresPerChip()); cores > mostCores)
    return Error{.code = 6080,
                 .message = "too many cores to draw",
                 .place = "chip '" + chip.name + "'",
                 .expected = "at most " + std::to_string(mostCores) + " cores on the chips in use",
                 .found = std::to_string(cores)};
  return Drawing(network, chip, mapping).draw();
}
