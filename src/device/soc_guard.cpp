#include "device/soc_guard.hpp"

namespace vbat {
namespace {

constexpr Percent great_fall{20};
constexpr Percent most{100};
constexpr auto until_believed = std::chrono::seconds{60};
constexpr auto until_unknown = std::chrono::minutes{5};

} // namespace

Maybe<Percent> SocGuard::scaled(Maybe<Percent> told) const {
    if (!told || *told <= most) return told;
    return says_percent_ ? std::nullopt : Maybe<Percent>{*told / 10};
}

void SocGuard::take(Maybe<Percent> told, bool battery_is_off, TimePoint now) {
    if (told && *told > Percent{} && *told <= most) says_percent_ = true;
    told = scaled(told);
    if (!told) return;
    told_at_ = now;
    const bool fell = *told == Percent{0} && trusted_ && *trusted_ > great_fall;
    if (fell && !fell_at_) fell_at_ = in_doubt_since_ = now;
    if (battery_is_off) in_doubt_since_ = now;
    if (fell && now - in_doubt_since_ < until_believed) return;
    trusted_ = told;
    fell_at_.reset();
}

Maybe<Percent> SocGuard::judge(Maybe<Percent> told, TimePoint now) const {
    told = scaled(told);
    if (told && !fell_at_) return told;
    if (now - fell_at_.value_or(told_at_) > until_unknown) return std::nullopt;
    return trusted_;
}

} // namespace vbat
