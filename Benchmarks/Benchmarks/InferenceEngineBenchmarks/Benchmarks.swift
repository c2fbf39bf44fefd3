import Benchmark

/// What the engine itself costs, beside the model.
let benchmarks: @Sendable () -> Void = {
    measureSampling()
    measureScheduling()
}
