package import Tensors

/// Something that runs programs: a processor, an accelerator, or the reference.
package protocol Device: Sendable {
    /// The name that `--device` takes, such as `cpu`.
    var name: String { get }

    /// Prepares a program: resolves each step to a kernel, places constants, allocates the arena and the states.
    ///
    /// `symbols` binds the symbols in the types of states, such as `cache_blocks`. Throws `.unsupported` naming the step
    /// that this device cannot run, or `.outOfMemory`.
    func load(_ program: Program, symbols: [String: Int]) throws(DeviceError) -> any Executable

    /// What the device holds now, and what it has done since it was made; any thread may ask at any time.
    var statistics: DeviceStatistics { get }
}

/// A program that is ready to run on one device.
///
/// Not thread-safe: one thread at a time calls `run` (the engine's). The states belong to it.
package protocol Executable: AnyObject, Sendable {
    var program: Program { get }

    /// Runs every step once.
    ///
    /// The outputs stay valid until the next run. Throws `.invalidInput` for inputs that do not fit.
    func run(_ inputs: [Tensor]) throws(DeviceError) -> [Tensor]
}
