// Division that rounds up: how many tiles, blocks or words an extent has. One header for device and
// host, no includes (it is compiled by NVRTC as well).
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_ABI_CEIL_DIV_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_ABI_CEIL_DIV_H_

namespace tilewright {

// ceil(a / b) for any a >= 0 and b >= 1 of their type. (a + b - 1) / b in that type is wrong where
// a is within b of the type's largest value: k = 2^31 - 8 then has a negative number of tiles.
template <typename Dividend, typename Divisor>
constexpr auto CeilDiv(Dividend a, Divisor b) -> decltype(a / b) {
  using Quotient = decltype(a / b);
  if constexpr (sizeof(Quotient) == sizeof(int) && static_cast<Quotient>(-1) < Quotient{}) {
    // The sum is at most 2^32 - 3, and the quotient at most a. One addition more than a / b, where
    // the form for other types takes a comparison too.
    return static_cast<Quotient>((static_cast<unsigned>(a) + static_cast<unsigned>(b) - 1u) /
                                 static_cast<unsigned>(b));
  } else {
    const Quotient quotient = a / b;
    return a % b == 0 ? quotient : quotient + 1;
  }
}

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_ABI_CEIL_DIV_H_
