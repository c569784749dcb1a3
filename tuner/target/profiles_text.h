#ifndef TILEWRIGHT_TUNER_TARGET_PROFILES_TEXT_H_
#define TILEWRIGHT_TUNER_TARGET_PROFILES_TEXT_H_

namespace tilewright {

// tuner/target/profiles.textproto, embedded at build time.
extern const char kProfilesText[];

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_TARGET_PROFILES_TEXT_H_
