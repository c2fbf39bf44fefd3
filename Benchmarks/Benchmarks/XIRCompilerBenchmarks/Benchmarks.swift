import Benchmark

let benchmarks: @Sendable () -> Void = {
    measureCompiling()
    measureQuantizing()
}
