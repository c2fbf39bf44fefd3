import Benchmark

/// Kernels at VibeThinker-1.5B's sizes, through the device, on one thread.
let benchmarks: @Sendable () -> Void = {
    measureProducts()
    measureAttention()
    measureRows()
}
