#pragma once

#include <limits>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace vbat {

// What is wrong with one file, in the order of its lines. A value that several sections inherit is still one mistake.
class Mistakes {
public:
    static constexpr int no_line = std::numeric_limits<int>::max(); // such a mistake stands at the end

    void add(int line, const std::string& what) { found_.emplace(line, what); }
    bool empty() const { return found_.empty(); }
    std::vector<std::string> sentences() const {
        std::vector<std::string> all;
        all.reserve(found_.size());
        for (const auto& [line, what] : found_)
            all.push_back(line == no_line ? what : "line " + std::to_string(line) + ": " + what);
        return all;
    }

private:
    std::set<std::pair<int, std::string>> found_;
};

} // namespace vbat
