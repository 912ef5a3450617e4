//===- Cosim.cpp - A whole lockstep run, and what to do when it fails -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Rtl/Cosim.h"
#include "ranvier/Emulator/Session.h"
#include <chrono>

namespace ranvier::rtl {
namespace {
Result<ModelFile> modelOf(const CosimJob &job, bool trace) {
  RANVIER_TRY(const Geometry geometry, geometryOf(job.image->chip, job.lockstep.grid));
  BuildOptions how = job.build;
  how.trace = trace;
  how.counting = job.coverage && !trace ? job.counting : Counting::None;
  return buildModel(job.sources, geometry, how);
}

/// The input of one step after the other.
class InputCursor {
public:
  explicit InputCursor(std::span<const emu::InputSpike> inputs) : inputs(inputs) {}
  explicit InputCursor(const CosimJob &job) : inputs(job.inputs), job(job.random ? &job : nullptr) {}
  std::span<const emu::InputSpike> of(uint32_t step) {
    if (job) {
      drawn = randomInputs(*job->image, job->lockstep.seed, step);
      return drawn;
    }
    const size_t from = next;
    while (next < inputs.size() && inputs[next].step == step)
      ++next;
    return inputs.subspan(from, next - from);
  }

private:
  std::span<const emu::InputSpike> inputs;
  const CosimJob *job = nullptr;
  std::vector<emu::InputSpike> drawn;
  size_t next = 0;
};

/// Everything that a run of the job is given up to a step.
std::vector<emu::InputSpike> inputsUpTo(const CosimJob &job, uint32_t last) {
  std::vector<emu::InputSpike> out;
  InputCursor cursor(job);
  for (uint32_t step = 1; step <= last; ++step) {
    const auto now = cursor.of(step);
    out.insert(out.end(), now.begin(), now.end());
  }
  return out;
}

/// One candidate of the shrinker.
std::optional<Divergence> tryOut(const Failing &candidate, const std::string &model, const LockstepOptions &options) {
  auto run = Lockstep::create(candidate.image, model, options);
  if (!run)
    return std::nullopt;
  InputCursor cursor(candidate.inputs);
  for (uint32_t step = 1; step <= candidate.steps; ++step) {
    const auto wrong = (*run)->step(cursor.of(step));
    if (!wrong)
      return std::nullopt;
    if (*wrong)
      return *wrong;
  }
  const auto wrong = (*run)->finish();
  return wrong ? *wrong : std::nullopt;
}

/// The traced run.
Result<void> traceRun(const CosimJob &job, const Divergence &first, const std::string &waveform, Investigation &out) {
  auto model = modelOf(job, true);
  if (!model) {
    out.noWaveform = model.error().message + (model.error().found.empty() ? "" : ": " + model.error().found);
    return {};
  }
  LockstepOptions options = job.lockstep;
  options.checkLoad = first.kind == Divergence::Kind::Load;
  RANVIER_TRY(auto run, Lockstep::create(job.image, model->path, options));
  InputCursor cursor(job);
  const uint32_t last = first.step ? first.step : job.steps; // A memory that changed is found after the last step.
  for (uint32_t step = 1; step <= last; ++step) {
    if (step + 1 == last || (step == last && last == 1))
      if (!run->model().openTrace(waveform))
        out.noWaveform = "the file cannot be made";
    if (step == last && first.word)
      run->watch(*first.word);
    RANVIER_TRY(const auto wrong, run->step(cursor.of(step)));
    if (!wrong)
      continue;
    out.again = step == last && alike(*wrong, first);
    if (out.again && !out.divergence.cycle)
      out.divergence.cycle = wrong->cycle ? wrong->cycle : run->watchedChange();
    break;
  }
  run->model().closeTrace();
  return {};
}
} // namespace

Result<CosimOutcome> runCosim(const CosimJob &job, const LockstepCallback &onStep) {
  RANVIER_CHECK(emu::checkInputs(*job.image, job.inputs, 1));
  // What the image needs and the RTL lacks is said before minutes of building.
  RANVIER_TRY(const LoadedImage fits, loadImage(*job.image, job.lockstep.grid, job.lockstep.loader));
  CosimOutcome out;
  RANVIER_TRY(out.model, modelOf(job, false));
  RANVIER_TRY(auto run, Lockstep::create(job.image, out.model.path, job.lockstep));
  out.backDoor = run->hasBackDoor();
  out.totals = run->totals();
  out.divergence = run->loaded();
  InputCursor cursor(job);
  const auto start = std::chrono::steady_clock::now();
  for (uint32_t step = 1; step <= job.steps && !out.divergence; ++step) {
    RANVIER_TRY(out.divergence, run->step(cursor.of(step)));
    if (onStep)
      RANVIER_CHECK(onStep(*run, step));
  }
  if (!out.divergence) {
    RANVIER_TRY(out.divergence, run->finish());
  }
  out.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  out.totals = run->totals();
  if (job.coverage)
    RANVIER_CHECK(job.coverage->add(run->model()));
  return out;
}

Result<Investigation> investigate(const CosimJob &job, const Divergence &first, const std::string &waveform, double shrinkSeconds) {
  Investigation out;
  out.divergence = first;
  if (first.kind == Divergence::Kind::Load) {
    out.noWaveform = "no step was run";
    return out;
  }
  RANVIER_CHECK(traceRun(job, first, waveform, out));
  if (shrinkSeconds <= 0)
    return out;
  RANVIER_TRY(const ModelFile model, modelOf(job, false));
  LockstepOptions options = job.lockstep;
  options.checkLoad = false;
  options.loadThroughBus = false; // only slower
  const uint32_t last = first.step ? first.step : job.steps;
  out.least = shrink(
      {job.image, inputsUpTo(job, last), last}, first,
      [&](const Failing &candidate) { return tryOut(candidate, model.path, options); }, shrinkSeconds);
  return out;
}

} // namespace ranvier::rtl
