#ifndef TILEWRIGHT_TUNER_TEMPLATE_TILED_GEMM_TILED_GEMM_TEMPLATE_H_
#define TILEWRIGHT_TUNER_TEMPLATE_TILED_GEMM_TILED_GEMM_TEMPLATE_H_

#include <string>
#include <string_view>
#include <vector>

#include "kernel_templates/abi/kernel_args.h"
#include "proto/problem/gemm/split_epilogue.h"
#include "tuner/model/cost_model.h"
#include "tuner/model/machine_model.h"
#include "tuner/model/requirements.h"
#include "tuner/template/tiled_gemm/launch_plan.h"
#include "tuner/template/tiled_gemm/rules.h"
#include "tuner/template/tiled_gemm/source.h"
#include "tuner/template/typed_template.h"

namespace tilewright {

// Returns the model's facts about any config whose stages have one step of tile_k.
template <typename Config>
TileWork TileWorkOf(const Config& c, int shared_memory_bytes) {
  return {.tile_m = c.tile_m,
          .tile_n = c.tile_n,
          .tile_k = c.tile_k,
          .threads = Threads(c),
          .shared_memory_bytes = shared_memory_bytes,
          .registers_per_thread = RegisterEstimate(c),
          .split_k = c.split_k,
          .raster_group = c.raster_group};
}

// The part that the tiled GEMM templates share: rendering, and the effect of a split epilogue on
// configs, rules and times if the config structure has one. What a template itself says about a
// GEMM is for an epilogue that is not split.
template <typename ConfigStruct>
class TiledGemmTemplate : public TypedTemplate<v1::GemmProblem, ConfigStruct> {
 public:
  using Config = ConfigStruct;

  int ArgumentsVersion() const final { return kGemmArgsVersion; }

  std::vector<std::string_view> Constraints() const final {
    auto names = TypedTemplate<v1::GemmProblem, Config>::Constraints();
    if constexpr (kMaySplit) names.push_back("SplitsEpilogueAlone");
    return names;
  }

 protected:
  using TypedTemplate<v1::GemmProblem, Config>::TypedTemplate;

 private:
  static constexpr bool kMaySplit = requires { &Config::split_epilogue; };

  // Returns legal configs worth a try whose epilogue is not split.
  virtual std::vector<Config> UnsplitConfigs(const v1::GemmProblem& gemm,
                                             const v1::Silicon& silicon) const = 0;
  virtual double PredictUnsplit(const v1::GemmProblem& gemm, const MachineModel& machine,
                                const Config& config) const = 0;
  // Returns the parts that only this template knows.
  virtual GemmInstance Instance(const Config& config) const = 0;

  static bool IsSplit(const Config& config) {
    if constexpr (kMaySplit) return config.split_epilogue != 0;
    return false;
  }

  const v1::GemmProblem* PartOf(const v1::Problem& problem) const final {
    return problem.has_gemm() ? &problem.gemm() : nullptr;
  }

  std::vector<Config> ConfigsToTry(const v1::GemmProblem& gemm,
                                   const v1::Silicon& silicon) const final {
    std::vector<Config> configs = UnsplitConfigs(gemm, silicon);
    if constexpr (kMaySplit) {
      if (!SplitsEpilogueAlone(gemm, /*split_k=*/1)) return configs;
      for (Config& config : UnsplitConfigs(GemmOfSplit(gemm), silicon)) {
        if (config.split_k > 1) continue;
        config.split_epilogue = 1;
        configs.push_back(config);
      }
    }
    return configs;
  }

  // All rules except SplitsEpilogueAlone judge the GEMM that remains.
  const char* Broken(const v1::GemmProblem& gemm, const v1::Silicon& silicon,
                     const Config& config) const final {
    if constexpr (kMaySplit) {
      if (config.split_epilogue != 0) {
        return config.split_epilogue != 1 || !SplitsEpilogueAlone(gemm, config.split_k)
                   ? "SplitsEpilogueAlone"
                   : FirstBroken(this->rules(), GemmOfSplit(gemm), silicon, config);
      }
    }
    return FirstBroken(this->rules(), gemm, silicon, config);
  }

  v1::Requirements Requirements(const v1::GemmProblem& gemm, const Config&) const override {
    return RequirementsOf(gemm);
  }

  double Predict(const v1::GemmProblem& gemm, const v1::Silicon& silicon,
                 const Config& config) const final {
    const MachineModel machine = MachineFor(silicon, gemm, this->Precision(gemm, config));
    if (!IsSplit(config)) return PredictUnsplit(gemm, machine, config);
    return PredictUnsplit(GemmOfSplit(gemm), machine, config) + SplitEpilogueSeconds(gemm, machine);
  }

  std::string Source(const v1::GemmProblem& gemm, const Config& config) const final {
    GemmInstance instance = Instance(config);
    instance.header = this->source();
    instance.config = this->table().Render(config);
    instance.precision = this->Precision(gemm, config);
    instance.splits_k = config.split_k > 1;
    instance.splits_epilogue = IsSplit(config);
    return GemmSource(gemm, instance);
  }
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_TEMPLATE_TILED_GEMM_TILED_GEMM_TEMPLATE_H_
