// What public sources leave open about the vendor's calls, and what is taken to be so.
#pragma once

#include "kongur_kunlun_ops.h"

#include <cstring>

namespace kongur {

// Each first choice is what others ran on a card, or what needs no more than that.
struct Readings {
    enum Name { gate, heads, row_scales, norm_of_sum, count };

    bool is_first(Name name) const { return chosen[name] == 0; }

    int get(int32_t index, kongur_kunlun_reading *reading) const {
        if (index < 0 || index >= count) return KONGUR_KUNLUN_INVALID;
        *reading = {names[index], choices[index], choice_count(index), chosen[index]};
        return KONGUR_KUNLUN_OK;
    }

    int choose(const char *name, const char *choice) {
        for (int32_t index = 0; index < count; index++) {
            if (std::strcmp(names[index], name) != 0) continue;
            for (int32_t position = 0; position < choice_count(index); position++) {
                if (std::strcmp(choices[index][position], choice) != 0) continue;
                chosen[index] = position;
                return KONGUR_KUNLUN_OK;
            }
        }
        return KONGUR_KUNLUN_INVALID;
    }

  private:
    static constexpr const char *names[count] = {
        // Which half of a row silu is taken of: swiglu's `turn`.
        "swiglu.gate",
        // Query heads that share a key head: folded into sequences of their own, or left to the library, whose one public
        // caller excludes them.
        "paged_attention.heads",
        // What quant2d gives for a row: its largest magnitude, or that by 127.
        "linear_int8.row_scales",
        // add and norm as two calls, as all public callers have them, or as the one that this SDK may have.
        "add_rms_norm.calls",
    };
    static constexpr const char *choices[count][2] = {
        {"first", "second"}, {"folded", "grouped"}, {"maximum", "scale"}, {"two", "one"}};

#ifdef KONGUR_XDNN_FUSED_NORM
    static constexpr bool has_fused_norm = true;
#else
    static constexpr bool has_fused_norm = false;
#endif
    static int32_t choice_count(int32_t index) { return index == norm_of_sum && !has_fused_norm ? 1 : 2; }

    int32_t chosen[count] = {0, 0, 0, 0};
};

}  // namespace kongur
