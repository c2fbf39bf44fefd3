import DeviceRuntime

/// What kernels see of a run: where each value stands, and what the symbols are.
///
/// `@unchecked Sendable`: written between runs alone, and read by all threads during one.
final class Frame: @unchecked Sendable {
    /// Values of the symbols, by number.
    var symbols: [Int]
    /// The first byte of each value.
    var pointers: [UnsafeMutableRawPointer]
    /// Room for kernels, for each thread and for all together; see `KernelBuilder`.
    var threadScratch: [UnsafeMutablePointer<Float>] = []
    var sharedScratch: UnsafeMutablePointer<Float>
    /// What tables hold that several steps share, such as cosines.
    var tables: [UnsafeMutablePointer<Float>] = []

    init(valueCount: Int, symbolCount: Int, placeholder: UnsafeMutableRawPointer) {
        symbols = Array(repeating: 0, count: symbolCount)
        pointers = Array(repeating: placeholder, count: valueCount)
        sharedScratch = placeholder.assumingMemoryBound(to: Float.self)
    }

    func floats(_ value: Int) -> UnsafeMutablePointer<Float> { pointers[value].assumingMemoryBound(to: Float.self) }
    func integers(_ value: Int) -> UnsafeMutablePointer<Int32> { pointers[value].assumingMemoryBound(to: Int32.self) }
}

/// One step, ready to run: called on every thread of the team, which share its work out among themselves.
typealias Kernel = (Frame, Worker) -> Void
